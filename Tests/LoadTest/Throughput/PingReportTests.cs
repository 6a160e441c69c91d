using OrleansUem.LoadTest.Throughput.Measuring;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class PingReportTests
{
    [Fact]
    public void Percentile_LostOnes_CountAsSlowerThanAll()
    {
        var report = PingReport.Read(Recordings.Read("ping-loss.txt"));
        Assert.Equal(5, report.Sent);
        Assert.Equal([0.031, 0.045, 0.056], report.Milliseconds);
        Assert.Equal(0.031, report.Percentile(0));
        Assert.Equal(0.056, report.Percentile(0.5));
        Assert.Null(report.Percentile(0.99));
    }

    [Theory]
    [InlineData(100, 0.5, 50)]
    [InlineData(100, 0.99, 99)]
    [InlineData(100, 1, 100)]
    [InlineData(1, 0.5, 1)]
    [InlineData(2, 0.5, 1)]
    [InlineData(3, 0.5, 2)]
    public void Percentile_NoneLost_IsTheRank(int count, double share, double expected) =>
        Assert.Equal(expected, new PingReport([.. Enumerable.Range(1, count).Select(i => (double)i)], count).Percentile(share));

    [Fact]
    public void Read_NoSummary_IsAFormatException() => Assert.Throws<FormatException>(() => PingReport.Read("ping: connect: Network is unreachable"));
}
