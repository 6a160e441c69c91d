using OrleansUem.LoadTest.Throughput.Measuring;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class RateSearchTests
{
    [Theory]
    [InlineData(40_000, 1.6)]
    [InlineData(90_000, 1.2)]
    public void Search_AnyCapacityInReach_FindsItWithinTheResolution(double start, double factor)
    {
        for (var capacity = start / 2; capacity <= start * 2; capacity *= 1.07)
        {
            var search = new RateSearch(start, factor);
            Run(search, rate => new UdpProbe(rate, rate <= capacity ? 0.001 : 0.2));
            Assert.NotNull(search.Best);
            Assert.InRange(search.Best.Value.SentPerSecond, capacity / 1.051, capacity);
        }
    }

    [Fact]
    public void Search_CollapseUnderOverload_StillFindsWhatPasses()
    {
        // Twice the capacity brings less than the capacity through.
        var search = new RateSearch(100_000, 1.6);
        Run(search, rate => new UdpProbe(rate, rate <= 23_000 ? 0 : 0.9));
        Assert.InRange(search.Best!.Value.ReceivedPerSecond, 23_000 / 1.051, 23_000);
    }

    [Fact]
    public void Search_NearMissByChance_GetsASecondTry()
    {
        var search = new RateSearch(10_000, 1.6);
        search.Report(new UdpProbe(10_000, 0.02));
        Assert.Equal(10_000, search.NextRate);
        search.Report(new UdpProbe(10_000, 0));
        Assert.Equal(16_000, search.NextRate);
    }

    [Fact]
    public void Search_NearMissTwice_IsAFailure()
    {
        var search = new RateSearch(10_000, 1.6);
        search.Report(new UdpProbe(10_000, 0.02));
        search.Report(new UdpProbe(10_000, 0.02));
        Assert.Equal(6_250, search.NextRate);
        Assert.Null(search.Best);
    }

    [Fact]
    public void Search_ExactlyTheLimit_DoesNotPass()
    {
        var search = new RateSearch(10_000, 1.6);
        search.Report(new UdpProbe(10_000, 0.01));
        search.Report(new UdpProbe(10_000, 0.01));
        Assert.Null(search.Best);
    }

    [Fact]
    public void Search_SenderCannotSendFaster_EndsAtWhatItSends()
    {
        var search = new RateSearch(40_000, 1.6);
        var probes = Run(search, rate => new UdpProbe(Math.Min(rate, 50_000), 0));
        Assert.Equal(50_000, search.Best!.Value.ReceivedPerSecond);
        Assert.InRange(probes, 2, RateSearch.ProbesMax);
    }

    [Fact]
    public void Search_NothingPasses_EndsWithoutAResult()
    {
        var search = new RateSearch(40_000, 1.6);
        Run(search, _ => new UdpProbe(0, 1));
        Assert.Null(search.Best);
        Assert.Throws<InvalidOperationException>(() => search.Report(default));
    }

    private static int Run(RateSearch search, Func<double, UdpProbe> probe)
    {
        var probes = 0;
        while (search.NextRate is { } rate)
        {
            Assert.InRange(++probes, 1, RateSearch.ProbesMax);
            search.Report(probe(rate));
        }

        return probes;
    }
}
