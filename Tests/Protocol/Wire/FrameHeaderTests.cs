using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Wire;

public sealed class FrameHeaderTests
{
    [Theory]
    [InlineData("0100000000000000", FrameType.Hello, FrameFlags.None, 0, 0u)]
    [InlineData("200005DC00100001", FrameType.Datagram, FrameFlags.None, 1500, 0x0010_0001u)]
    [InlineData("7F01FFFFFFFFFFFF", (FrameType)0x7F, FrameFlags.Optional, 65535, 0xFFFF_FFFFu)]
    public void Header_GoldenBytes_ReadAndWriteAgree(string hex, FrameType type, FrameFlags flags, int payloadBytes, uint channel)
    {
        var bytes = Convert.FromHexString(hex);
        var header = FrameHeader.Read(bytes);
        Assert.Equal(new FrameHeader(type, flags, payloadBytes, new Channel(channel)), header);

        var written = new byte[FrameLimits.HeaderBytes];
        header.Write(written);
        Assert.Equal(hex, Convert.ToHexString(written));
    }

    [Fact]
    public void Channel_PartsAtTheirBounds_AreKept()
    {
        var channel = Channel.Create(Channel.MaxIndex, Channel.MaxGeneration);
        Assert.Equal(uint.MaxValue, channel.Value);
        Assert.Equal(Channel.MaxIndex, channel.Index);
        Assert.Equal(Channel.MaxGeneration, channel.Generation);
        Assert.Equal(0x0010_0001u, Channel.Create(1, 1).Value);
        Assert.True(Channel.Session.IsSession);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(Channel.MaxIndex + 1, 0)]
    [InlineData(1, -1)]
    [InlineData(1, Channel.MaxGeneration + 1)]
    public void Channel_PartOutOfRange_IsRefused(int index, int generation) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Channel.Create(index, generation));
}
