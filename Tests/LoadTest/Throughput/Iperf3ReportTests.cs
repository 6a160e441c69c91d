using OrleansUem.LoadTest.Throughput.Measuring;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class Iperf3ReportTests
{
    [Fact]
    public void ReadTcp_OneStreamUp_IsWhatTheReceiverGot()
    {
        var result = Iperf3Report.ReadTcp(Recordings.Read("iperf3-tcp-1-up.json"));
        Assert.Equal(17_295_236_029.450554, result.BitsPerSecond);
        Assert.Equal(2_171_994_112, result.Bytes);
        Assert.Equal(6, result.Retransmits);
    }

    [Fact]
    public void ReadTcp_TwoStreamsDown_AddsThemUp()
    {
        var result = Iperf3Report.ReadTcp(Recordings.Read("iperf3-tcp-2-down.json"));
        Assert.Equal(14_891_090_772.33348, result.BitsPerSecond);
        Assert.Equal(1_863_450_624, result.Bytes);
        Assert.Equal(14, result.Retransmits);
    }

    [Fact]
    public void ReadUdp_OverloadedLink_HasRateAndLoss()
    {
        var probe = Iperf3Report.ReadUdp(Recordings.Read("iperf3-udp-loss.json"));
        Assert.Equal(5_462 / 1.007427, probe.SentPerSecond, 3);
        Assert.Equal(1_899 / 5_462.0, probe.LossShare, 6);
        Assert.Equal((5_462 - 1_899) / 1.007427, probe.ReceivedPerSecond, 3);
    }

    [Theory]
    [InlineData("""{"end": {"sum": {"packets": 0, "seconds": 1, "lost_packets": 0}}}""")]
    [InlineData("""{"end": {"sum": {"packets": 10, "seconds": 0, "lost_packets": 0}}}""")]
    public void ReadUdp_NothingArrived_IsAllLost(string json) => Assert.Equal(new UdpProbe(0, 1), Iperf3Report.ReadUdp(json));

    [Fact]
    public void Read_ErrorOfIperf3_SaysIt()
    {
        var refused = Assert.Throws<FormatException>(() => Iperf3Report.ReadTcp(Recordings.Read("iperf3-refused.json")));
        Assert.Equal("iperf3: unable to connect to server: Connection refused", refused.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("iperf3: command not found")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"end": {}}""")]
    [InlineData("""{"end": {"sum_received": {"bits_per_second": "fast"}}}""")]
    public void Read_OtherText_IsAFormatException(string json)
    {
        Assert.Throws<FormatException>(() => Iperf3Report.ReadTcp(json));
        Assert.Throws<FormatException>(() => Iperf3Report.ReadUdp(json));
    }
}
