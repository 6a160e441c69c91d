using System.Buffers.Binary;
using OrleansUem.Agent.UserNat;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.UserNat;

public sealed class GuestTrafficTests
{
    private const string Guest = "10.64.0.2";
    private const string Server = "10.1.0.10";

    private readonly GuestTraffic _traffic = new(socketsMax: 10, canPing: true);

    [Theory]
    [InlineData(0x02, 9, DropReason.Unspecified)]
    [InlineData(0x02, 10, DropReason.FlowLimit)]
    [InlineData(0x12, 10, DropReason.Unspecified)]
    [InlineData(0x10, int.MaxValue, DropReason.Unspecified)]
    [InlineData(0x02, int.MaxValue, DropReason.FlowLimit)]
    public void FromGuest_Tcp_OnlyAnOpeningNeedsAFreeSocket(byte flags, int sockets, DropReason expected)
    {
        var packet = PacketBuilder.Tcp(Guest, Server, 443);
        packet[33] = flags;
        Assert.Equal(expected, From(packet, sockets, 0));
    }

    [Fact]
    public void ToGuest_Datagram_PassesFromWhereTheGuestSentToOnly()
    {
        Assert.Equal(DropReason.Unspecified, From(PacketBuilder.Udp(Guest, Server, 53), 0, 1_000));
        Assert.Equal(DropReason.Unspecified, To(Reply(Server, 53, 40000), 2_000));
        Assert.Equal(DropReason.Unsolicited, To(Reply(Server, 54, 40000), 2_000));
        Assert.Equal(DropReason.Unsolicited, To(Reply(Server, 53, 40001), 2_000));
        Assert.Equal(DropReason.Unsolicited, To(Reply("10.1.0.11", 53, 40000), 2_000));
    }

    [Fact]
    public void ToGuest_Datagram_AfterTheSocketsLifetime_IsUnsolicited()
    {
        From(PacketBuilder.Udp(Guest, Server, 53), 0, 0);
        var lastGood = GuestTraffic.PeerLifetimeMilliseconds;
        Assert.Equal(DropReason.Unspecified, To(Reply(Server, 53, 40000), lastGood));

        // The answer has kept it alive, as it keeps the stack's socket.
        Assert.Equal(DropReason.Unspecified, To(Reply(Server, 53, 40000), 2 * lastGood));
        Assert.Equal(DropReason.Unsolicited, To(Reply(Server, 53, 40000), (3 * lastGood) + 1));
    }

    [Fact]
    public void ToGuest_Fragments_FollowTheirFirstOneOnly()
    {
        From(PacketBuilder.Udp(Guest, Server, 53), 0, 0);
        var first = Fragment(7, 0, more: true, 53);
        Assert.Equal(DropReason.Unspecified, To(first, 0));
        Assert.Equal(DropReason.Unspecified, To(Fragment(7, 24, more: true), 0));
        Assert.Equal(DropReason.Unsolicited, To(Fragment(8, 24, more: false), 0));
        Assert.Equal(DropReason.Unspecified, To(Fragment(7, 48, more: false), 0));
        Assert.Equal(DropReason.Unsolicited, To(Fragment(9, 0, more: true, 99), 0));
        Assert.Equal(DropReason.Unsolicited, To(Fragment(9, 24, more: false), 0));
    }

    [Fact]
    public void FromGuest_UdpAtTheLimit_OldPeersGoOnAndNewOnesDoNot()
    {
        Assert.Equal(DropReason.Unspecified, From(PacketBuilder.Udp(Guest, Server, 53), 9, 0));
        Assert.Equal(DropReason.Unspecified, From(PacketBuilder.Udp(Guest, Server, 53), 10, 0));
        Assert.Equal(DropReason.FlowLimit, From(PacketBuilder.Udp(Guest, Server, 54), 10, 0));
        Assert.Equal(DropReason.Unsolicited, To(Reply(Server, 54, 40000), 0));
    }

    [Fact]
    public void FromGuest_MorePeersThanRemembered_AreRefusedUntilOldOnesAreOver()
    {
        for (var port = 1; port <= GuestTraffic.PeersMax; port++)
        {
            Assert.Equal(DropReason.Unspecified, From(PacketBuilder.Udp(Guest, Server, (ushort)port), 1, 0));
        }

        Assert.Equal(DropReason.FlowLimit, From(PacketBuilder.Udp(Guest, Server, 60000), 1, GuestTraffic.PeerLifetimeMilliseconds));
        Assert.Equal(DropReason.Unspecified, From(PacketBuilder.Udp(Guest, Server, 60000), 1, GuestTraffic.PeerLifetimeMilliseconds + 1));
    }

    [Fact]
    public void FromGuest_Fragments_AreBoundedByBytesAndTime()
    {
        var taken = 0;
        while (From(FromGuestFragment(), 0, 0) == DropReason.Unspecified)
        {
            taken += FromGuestFragment().Length;
        }

        Assert.InRange(taken, GuestTraffic.FragmentBurstBytes - 1_420, GuestTraffic.FragmentBurstBytes);
        Assert.Equal(DropReason.FragmentLimit, From(FromGuestFragment(), 0, 1));
        Assert.Equal(DropReason.Unspecified, From(FromGuestFragment(), 0, 1_000));
        Assert.Equal(DropReason.Unspecified, From(PacketBuilder.Udp(Guest, Server, 53), 0, 1_000));
    }

    [Theory]
    [InlineData(true, 0, DropReason.Unspecified)]
    [InlineData(true, 10, DropReason.FlowLimit)]
    [InlineData(false, 0, DropReason.PingUnavailable)]
    public void FromGuest_Ping_NeedsTheRightAndASocket(bool canPing, int sockets, DropReason expected)
    {
        Assert.True(Ipv4Packet.TryParse(PacketBuilder.Icmp(Guest, Server, 8), out var packet, out _));
        Assert.Equal(expected, new GuestTraffic(10, canPing).FromGuest(packet, sockets, 0));
    }

    [Fact]
    public void FromGuest_AnotherProtocol_IsRefused()
    {
        var packet = PacketBuilder.Udp(Guest, Server, 53);
        packet[9] = 47;
        Assert.Equal(DropReason.ProtocolUnsupported, From(PacketBuilder.Seal(packet), 0, 0));
    }

    private static byte[] FromGuestFragment() => PacketBuilder.Fragment(Guest, Server, 17, 1, 1_400, more: true, 1_400);

    private static byte[] Reply(string source, ushort sourcePort, ushort guestPort)
    {
        var packet = PacketBuilder.Udp(source, Guest, guestPort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), sourcePort);
        return packet;
    }

    private static byte[] Fragment(ushort identification, int offset, bool more, ushort sourcePort = 0)
    {
        var packet = PacketBuilder.Fragment(Server, Guest, 17, identification, offset, more, 24, 40000);
        if (offset == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), sourcePort);
        }

        return packet;
    }

    private DropReason From(byte[] bytes, int sockets, long now)
    {
        Assert.True(Ipv4Packet.TryParse(bytes, out var packet, out var error), $"{error}");
        return _traffic.FromGuest(packet, sockets, now);
    }

    private DropReason To(byte[] bytes, long now)
    {
        Assert.True(Ipv4Packet.TryParse(bytes, out var packet, out var error), $"{error}");
        return _traffic.ToGuest(packet, now);
    }
}
