using OrleansUem.Embedded.Runtime;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

public sealed class TimerQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Set_RandomTimesMovesAndCancels_FireInOrderAndOnce(int seed)
    {
        var random = new Random(seed);
        var time = new ManualTimeProvider();
        using var queue = new TimerQueue(time);
        var fired = new List<Entry>();
        var entries = Enumerable.Range(0, 200).Select(_ => new Entry(fired)).ToArray();
        for (var i = 0; i < 600; i++)
        {
            var entry = entries[random.Next(entries.Length)];
            if (random.Next(5) == 0)
            {
                queue.Cancel(entry);
                entry.Due = null;
            }
            else
            {
                entry.Due = TimeSpan.FromMilliseconds(random.Next(1, 100_000));
                queue.Set(entry, entry.Due.Value);
            }
        }

        time.Advance(TimeSpan.FromSeconds(200));
        var expected = entries.Where(static entry => entry.Due is not null).Select(static entry => entry.Due!.Value).Order();
        Assert.True(expected.SequenceEqual(fired.Select(static entry => entry.Due!.Value)), $"seed {seed}");
    }

    [Fact]
    public void Set_DueBeyondTheSystemTimer_FiresThen()
    {
        var time = new ManualTimeProvider();
        using var queue = new TimerQueue(time);
        var fired = new List<Entry>();
        queue.Set(new Entry(fired), TimeSpan.FromDays(400));
        time.Advance(TimeSpan.FromDays(399));
        Assert.Empty(fired);
        time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMilliseconds(1));
        Assert.Single(fired);
    }

    private sealed class Entry(List<Entry> fired) : TimerEntry
    {
        public TimeSpan? Due { get; set; }

        internal override void Fire() => fired.Add(this);
    }
}
