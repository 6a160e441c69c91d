using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>The window against a model that remembers everything.</summary>
public sealed class ReplayWindowTests
{
    [Fact]
    public void Window_RandomOrders_AcceptsOnceAndAgreesWithTheModel()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            var window = new ReplayWindow();
            var seen = new HashSet<ulong>();
            ulong highestSeen = 0;
            var top = (ulong)random.NextInt64(1L << random.Next(1, 48));
            for (var step = 0; step < 3_000; step++)
            {
                var sequence = Next(random, ref top);
                var isNew = window.MayBeNew(sequence);
                if (seen.Contains(sequence))
                {
                    Assert.False(isNew, $"seed {seed}: {sequence} twice");
                }
                else if (sequence + RecordLimits.ReplayWindowRecords >= highestSeen)
                {
                    Assert.True(isNew, $"seed {seed}: {sequence} refused at {highestSeen}");
                }
                else if (sequence + RecordLimits.ReplayWindowRecords + 64 < highestSeen)
                {
                    Assert.False(isNew, $"seed {seed}: {sequence} accepted at {highestSeen}, where nothing is remembered");
                }

                // Some records do not authenticate: they must leave no trace.
                if (isNew && random.Next(8) != 0)
                {
                    window.Note(sequence);
                    seen.Add(sequence);
                    highestSeen = Math.Max(highestSeen, sequence);
                    Assert.Equal(highestSeen, window.Highest);
                }
            }
        }
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(63UL)]
    [InlineData(64UL)]
    [InlineData(4_095UL)]
    [InlineData((1UL << 48) - 1)]
    public void Note_First_OnlyThatOneIsSeen(ulong sequence)
    {
        var window = new ReplayWindow();
        Assert.True(window.MayBeNew(sequence));
        window.Note(sequence);
        Assert.False(window.MayBeNew(sequence));
        Assert.True(window.MayBeNew(sequence + 1));
        Assert.True(sequence == 0 || window.MayBeNew(sequence - 1));
    }

    [Fact]
    public void Note_JumpAhead_ForgetsNothingThatIsStillInTheWindow()
    {
        var window = new ReplayWindow();
        window.Note(10);
        window.Note(10 + RecordLimits.ReplayWindowRecords);
        Assert.False(window.MayBeNew(10));
        Assert.True(window.MayBeNew(11));
        window.Note(1_000_000);
        Assert.False(window.MayBeNew(10 + RecordLimits.ReplayWindowRecords));
        Assert.False(window.MayBeNew(11));
    }

    private static ulong Next(Random random, ref ulong top)
    {
        switch (random.Next(20))
        {
            case 0:
                top += (ulong)random.Next(1, 10_000);
                return top;
            case < 10:
                return ++top;
            case < 18:
                return top - (ulong)Math.Min((long)top, random.Next(0, 5_000));
            default:
                return top - (ulong)Math.Min((long)top, random.NextInt64(0, (long)top + 1));
        }
    }
}
