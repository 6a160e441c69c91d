using OrleansUem.LoadTest.Throughput.Measuring;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class ProcessTimesTests
{
    [Fact]
    public void ReadStat_NameWithSpacesAndParentheses_IsSkipped()
    {
        var stat = ProcessStat.Read("4880 (a ) b (c) R 4620 4620 23885 0 -1 4194304 131 0 1 0 7 5 30 200 20 0 1 0 1566561 4136960 566");
        Assert.Equal(new ProcessStat(4620, 242), stat);
    }

    [Fact]
    public void ReadStat_ShortLine_IsAFormatException() => Assert.Throws<FormatException>(() => ProcessStat.Read("1 (init) S 0"));

    [Fact]
    public void Members_Tree_IsRootAndAllBelow()
    {
        var all = new Dictionary<int, ProcessStat> { [1] = new(0, 1), [2] = new(1, 1), [3] = new(2, 1), [4] = new(2, 1), [5] = new(1, 1), [6] = new(4, 1) };
        Assert.Equal([2, 3, 4, 6], ProcessTree.Members(2, all).Order());
        Assert.Empty(ProcessTree.Members(7, all));
    }

    [Fact]
    public void BusyShare_TwoMoments_LeavesIdleAndWaitingOut()
    {
        var before = MachineTimes.Read("cpu  100 0 100 1000 50 0 0 0 0 0");
        var after = MachineTimes.Read("cpu  130 10 120 1030 60 5 10 5 20 0");
        Assert.Equal(80.0 / 120, after.BusyShareSince(before), 6);
        Assert.Equal(0, after.BusyShareSince(after));
    }

    [Theory]
    [InlineData("cpu0 1 2 3 4 5 6 7 8")]
    [InlineData("cpu 1 2 3")]
    public void ReadMachine_OtherLine_IsAFormatException(string line) => Assert.Throws<FormatException>(() => MachineTimes.Read(line));

    [Theory]
    [InlineData("counter over_udp {\n\t\tpackets 3 bytes 300\n\t}\n\tcounter over_tcp {\n\t\tpackets 1 bytes 100\n\t}", 0.75)]
    [InlineData("counter over_udp {\n\t\tpackets 0 bytes 0\n\t}\n\tcounter over_tcp {\n\t\tpackets 1 bytes 100\n\t}", 0.0)]
    [InlineData("counter over_udp {\n\t\tpackets 0 bytes 0\n\t}\n\tcounter over_tcp {\n\t\tpackets 0 bytes 0\n\t}", null)]
    public void ReadUdpShare_ListingOfNft_IsTheShareOfBytes(string listing, double? expected) => Assert.Equal(expected, OuterTraffic.ReadUdpShare(listing));
}
