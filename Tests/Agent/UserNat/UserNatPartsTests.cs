using OrleansUem.Agent.UserNat;
using OrleansUem.Protocol.Packets;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.UserNat;

public sealed class UserNatPartsTests
{
    // RFC 826, field by field: Ethernet, IPv4, 6, 4, reply, then both pairs of addresses.
    [Fact]
    public void Announcement_OfAnAddress_IsAnArpReply()
    {
        var frame = new byte[EthernetFrame.AnnouncementBytes];
        EthernetFrame.WriteAnnouncement(Ipv4Address.Parse("10.64.0.2"), frame);
        Assert.Equal(
            "FFFFFFFFFFFF" + "0275656D0001" + "0806" + "0001" + "0800" + "06" + "04" + "0002" + "0275656D0001" + "0A400002" + "0275656D0001" + "0A400002",
            Convert.ToHexString(frame));
    }

    [Fact]
    public void TryGetPacket_OfArpOrNothing_IsFalse()
    {
        var frame = new byte[EthernetFrame.AnnouncementBytes];
        EthernetFrame.WriteAnnouncement(Ipv4Address.Parse("10.64.0.2"), frame);
        Assert.False(EthernetFrame.TryGetPacket(frame, out _));
        Assert.False(EthernetFrame.TryGetPacket(frame.AsSpan(0, EthernetFrame.HeaderBytes), out _));
        EthernetFrame.WriteHeader(frame);
        Assert.True(EthernetFrame.TryGetPacket(frame, out var packet));
        Assert.Equal(28, packet.Length);
    }

    [Theory]
    [InlineData(11, 1_000, 0)]
    [InlineData(12, 60_001, 8)]
    public void Finish_SuperPacket_HasTheChecksumOfItsWhole(int seed, int payloadBytes, int ipOptionBytes)
    {
        var (offload, packet) = SuperPacketBuilder.Tcp(new Random(seed), payloadBytes, 1_300, ipOptionBytes: ipOptionBytes);
        byte[] expected = SuperPacketBuilder.Seal([.. packet]);
        PendingChecksum.Finish(packet, offload);
        Assert.Equal(expected, packet);
    }

    [Fact]
    public void Finish_WholePacket_IsLeftAlone()
    {
        var packet = PacketBuilder.Tcp("10.64.0.2", "10.1.0.10", 80);
        byte[] before = [.. packet];
        PendingChecksum.Finish(packet, default);
        Assert.Equal(before, packet);
    }

    [Theory]
    [InlineData(1_024, 512)]
    [InlineData(null, 524_288)]
    [InlineData(1, 1)]
    public void SocketsMax_IsHalfOfTheFiles(int? files, int expected) => Assert.Equal(expected, UserNatHost.SocketsMax(files));
}
