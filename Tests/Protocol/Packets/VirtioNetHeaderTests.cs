using OrleansUem.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class VirtioNetHeaderTests
{
    public static TheoryData<string, VirtioNetHeader> Golden => new()
    {
        { "00000000000000000000", default },
        { "01013400260514001000", new() { NeedsChecksum = true, Segmentation = VirtioSegmentation.Tcp4, HeaderBytes = 52, SegmentBytes = 1318, ChecksumStart = 20, ChecksumOffset = 16 } },
        { "01813400260514001000", new() { NeedsChecksum = true, Segmentation = VirtioSegmentation.Tcp4, HasEcn = true, HeaderBytes = 52, SegmentBytes = 1318, ChecksumStart = 20, ChecksumOffset = 16 } },
        { "01051c00c80014000600", new() { NeedsChecksum = true, Segmentation = VirtioSegmentation.UdpDatagrams, HeaderBytes = 28, SegmentBytes = 200, ChecksumStart = 20, ChecksumOffset = 6 } },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void ReadAndWrite_GoldenBytes(string hex, VirtioNetHeader expected)
    {
        Assert.Equal(expected, VirtioNetHeader.Read(Convert.FromHexString(hex)));
        byte[] written = new byte[VirtioNetHeader.WireBytes];
        expected.Write(written);
        Assert.Equal(hex, Convert.ToHexString(written), ignoreCase: true);
    }

    [Fact]
    public void Read_HintsOfTheDevice_AreIgnored() =>
        Assert.Equal(default, VirtioNetHeader.Read([0xFE, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
}
