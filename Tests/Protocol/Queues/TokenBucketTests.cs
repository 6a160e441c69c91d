using OrleansUem.Protocol.Queues;
using Xunit;

namespace OrleansUem.Tests.Protocol.Queues;

/// <summary>The bound that a bucket promises, whatever it is asked.</summary>
public sealed class TokenBucketTests
{
    [Theory]
    [InlineData(10, 50, 50)]
    [InlineData(0.5, 1, 1)]
    [InlineData(3, 2.5, 2)]
    public void TryTake_AtOneMoment_GivesTheBurst(double perSecond, double burst, int expected)
    {
        var bucket = new TokenBucket(perSecond, burst);

        Assert.Equal(expected, Enumerable.Range(0, 100).Count(_ => bucket.TryTake(TimeSpan.FromDays(3))));
    }

    [Fact]
    public void TryTake_AfterTheBurst_ComesBackAtTheRate()
    {
        var bucket = new TokenBucket(perSecond: 10, burst: 5);
        var now = TimeSpan.FromHours(1);
        Assert.True(bucket.TryTake(now, tokens: 5));

        Assert.False(bucket.TryTake(now + TimeSpan.FromMilliseconds(98)));
        Assert.True(bucket.TryTake(now + TimeSpan.FromMilliseconds(100)));
        Assert.False(bucket.TryTake(now + TimeSpan.FromMilliseconds(100)));

        // A long rest gives the burst and no more.
        Assert.True(bucket.TryTake(now + TimeSpan.FromDays(1), tokens: 5));
        Assert.False(bucket.TryTake(now + TimeSpan.FromDays(1)));
    }

    [Fact]
    public void TryTake_MoreThanThereIs_TakesNothing()
    {
        var bucket = new TokenBucket(perSecond: 1, burst: 10);

        Assert.False(bucket.TryTake(default, tokens: 11));
        Assert.True(bucket.TryTake(default, tokens: 10));
        Assert.True(bucket.TryTake(default, tokens: 0));
    }

    [Fact]
    public void TryTake_AClockThatGoesBack_FillsNothingTwice()
    {
        var bucket = new TokenBucket(perSecond: 1, burst: 1);
        var now = TimeSpan.FromSeconds(100);
        Assert.True(bucket.TryTake(now));

        Assert.False(bucket.TryTake(now - TimeSpan.FromSeconds(50)));
        Assert.False(bucket.TryTake(now));
        Assert.True(bucket.TryTake(now + TimeSpan.FromSeconds(1)));
    }

    /// <summary>Whoever waits so long gets it, and whoever waits clearly less does not.</summary>
    [Theory]
    [InlineData(0.05, 3, 1)]
    [InlineData(2.5, 10, 10)]
    [InlineData(1_000, 50, 7)]
    public void TimeUntil_AfterARefusal_IsWhenItSucceeds(double perSecond, double burst, double tokens)
    {
        var bucket = new TokenBucket(perSecond, burst);
        var now = TimeSpan.FromMinutes(1);
        Assert.Equal(TimeSpan.Zero, bucket.TimeUntil(now, tokens));
        Assert.True(bucket.TryTake(now, burst));

        var wait = bucket.TimeUntil(now, tokens);
        Assert.False(bucket.TryTake(now + (0.9 * wait), tokens));
        Assert.Equal(0.1 * wait.TotalSeconds, bucket.TimeUntil(now + (0.9 * wait), tokens).TotalSeconds, 5);
        Assert.True(bucket.TryTake(now + wait, tokens));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, 0.5)]
    public void Create_OutOfBounds_Throws(double perSecond, double burst) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenBucket(perSecond, burst));

    /// <summary>Between any two moments no more is taken than the burst and what came back between them, and what is refused is more than is there.</summary>
    [Fact]
    public void TryTake_AnySequence_KeepsToTheBoundAndRefusesNoMore()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var (perSecond, burst) = (0.1 + (random.NextDouble() * 100), 1 + (random.NextDouble() * 50));
            var bucket = new TokenBucket(perSecond, burst);
            var now = TimeSpan.FromSeconds(random.Next(1_000_000));
            var model = burst;
            List<(TimeSpan At, double Tokens)> taken = [];
            for (var step = 0; step < 300; step++)
            {
                var passed = random.Next(4) == 0 ? TimeSpan.FromTicks(random.NextInt64(TimeSpan.TicksPerSecond)) : TimeSpan.Zero;
                now += passed;
                model = Math.Min(burst, model + (passed.TotalSeconds * perSecond));
                var tokens = random.Next(3) == 0 ? random.NextDouble() * burst : 1;
                var isTaken = bucket.TryTake(now, tokens);
                Assert.True(Math.Abs(model - tokens) < 2e-3 || isTaken == (model >= tokens), $"seed {seed}, step {step}: {model} there, {tokens} asked, {isTaken}");
                if (isTaken)
                {
                    model -= tokens;
                    taken.Add((now, tokens));
                }
            }

            for (var first = 0; first < taken.Count; first++)
            {
                var sum = 0.0;
                for (var last = first; last < taken.Count; last++)
                {
                    sum += taken[last].Tokens;
                    var bound = burst + ((taken[last].At - taken[first].At).TotalSeconds * perSecond);
                    Assert.True(sum <= bound + 2e-3, $"seed {seed}: {sum} of {bound} between {taken[first].At} and {taken[last].At}");
                }
            }
        }
    }
}
