using OrleansUem.LoadTest.Net;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Net;

public sealed class LinkShaperTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void Judge_Delay_AddsItAndKeepsTheOrderWhenItShrinks()
    {
        LinkShaper shaper = new(new Random(1));
        LinkConditions slow = new() { Delay = TimeSpan.FromMilliseconds(50) };
        Assert.Equal(LinkVerdict.Deliver, shaper.Judge(slow, 100, 7 * Millisecond, out long arrivesAt));
        Assert.Equal(57 * Millisecond, arrivesAt);
        shaper.Judge(LinkConditions.Perfect, 100, 8 * Millisecond, out arrivesAt);
        Assert.Equal(57 * Millisecond, arrivesAt);
        shaper.Judge(LinkConditions.Perfect, 100, 90 * Millisecond, out arrivesAt);
        Assert.Equal(90 * Millisecond, arrivesAt);
    }

    [Fact]
    public void Judge_Rate_SpacesPacketsAndBoundsTheQueue()
    {
        LinkShaper shaper = new(new Random(1));

        // 8 Mbit/s: 1000 bytes take 1 ms; 2500 bytes may wait.
        LinkConditions limited = new() { BitsPerSecond = 8_000_000, QueueBytesMax = 2500 };
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(LinkVerdict.Deliver, shaper.Judge(limited, 1000, 0, out long arrivesAt));
            Assert.Equal(i * Millisecond, arrivesAt);
        }

        Assert.Equal(LinkVerdict.QueueFull, shaper.Judge(limited, 1000, 0, out _));
        Assert.Equal(LinkVerdict.Deliver, shaper.Judge(limited, 1000, Millisecond, out long next));
        Assert.Equal(4 * Millisecond, next);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.01)]
    [InlineData(0.3)]
    [InlineData(1.0)]
    public void Judge_Loss_LiesWithinTheBinomialBound(double probability)
    {
        const int Seed = 42;
        const int Packets = 100_000;
        LinkShaper shaper = new(new Random(Seed));
        LinkConditions lossy = new() { LossProbability = probability };
        int lost = Enumerable.Range(0, Packets).Count(i => shaper.Judge(lossy, 100, i, out long _) == LinkVerdict.Lost);

        // Five standard deviations.
        double bound = 5 * Math.Sqrt(Packets * probability * (1 - probability));
        Assert.True(Math.Abs(lost - (Packets * probability)) <= bound, $"seed {Seed}: {lost} of {Packets} lost");
    }

    [Fact]
    public void Validate_BadCondition_NamesIt()
    {
        Check(new LinkConditions { LossProbability = 1.1 }, "LossProbability 1.1");
        Check(new LinkConditions { LossProbability = double.NaN }, "LossProbability NaN");
        Check(new LinkConditions { Delay = TimeSpan.FromSeconds(61) }, "Delay 00:01:01");
        Check(new LinkConditions { BitsPerSecond = -1 }, "BitsPerSecond -1");
        Check(new LinkConditions { QueueBytesMax = 0 }, "QueueBytesMax 0");

        static void Check(LinkConditions conditions, string expected) => Assert.Contains(
            expected, Assert.Throws<ArgumentException>(conditions.Validate).Message, StringComparison.Ordinal);
    }
}
