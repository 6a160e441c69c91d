using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tun;
using OrleansUem.Device;
using OrleansUem.Device.Tunnels;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Device;

/// <summary>The agent on a TUN in memory with a scripted session and tunnel on virtual time.</summary>
public sealed class DeviceAgentTests : IDisposable
{
    private static readonly Ipv4Address Own = Ipv4Address.Parse("10.64.0.7");
    private static readonly Ipv4Address Server = Ipv4Address.Parse("10.1.2.3");

    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedNetwork _network = new();
    private readonly ScriptedTunnels _tunnels = new();
    private readonly List<DeviceStatus> _statuses = [];
    private readonly DeviceAgent _agent;
    private ScriptedSession _session = new(1);

    public DeviceAgentTests() =>
        _agent = new DeviceAgent(_network, _tunnels, null, _statuses.Add, NullLogger.Instance, _time, () => 1.0);

    private void SendOutbound(ReadOnlySpan<byte> packet)
    {
        var batch = _agent.CreateBatch();
        _agent.SendOutbound(packet, batch);
        batch.Flush();
    }

    public void Dispose()
    {
        _agent.Dispose();
        _network.Dispose();
    }

    [Fact]
    public void Attached_OpensSecuresAndSetsTheNetwork_WithEachStepReported()
    {
        _agent.OnConnecting(new RelayAddress("relay.example", 443), IPAddress.Parse("192.0.2.1"));
        BringUp();

        Assert.Equal([IPAddress.Parse("192.0.2.1")], _network.Relays);
        Assert.Equal(Own, Assert.Single(_network.Applied).Address);
        Assert.Equal("node-1", _tunnels.Last.Node);
        Assert.Equal(
            [
                DeviceStatusKind.Connecting, DeviceStatusKind.Attached, DeviceStatusKind.Opening, DeviceStatusKind.TunnelOpen,
                DeviceStatusKind.Secured, DeviceStatusKind.Up,
            ],
            _statuses.Select(status => status.Kind));
        Assert.Equal("DTLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384", _statuses[4].Suite);
        Assert.Equal(["10.1.0.53"], _statuses[5].Configuration!.DnsServers.Select(server => server.ToString()));
    }

    [Fact]
    public void Packets_WhileUp_PassBothWays()
    {
        BringUp();
        SendOutbound(Packet(Own, Server, 1));
        Assert.Equal(Packet(Own, Server, 1), Assert.Single(_tunnels.Last.Sent));

        _tunnels.Last.Events.DeliverPacket(Packet(Server, Own, 2));
        var buffer = new byte[1500];
        Assert.True(_network.Kernel.TryRead(buffer, out var bytes));
        Assert.Equal(Packet(Server, Own, 2), buffer[..bytes]);

        _tunnels.Last.Events.DeliverPacket(Packet(Server, Ipv4Address.Parse("192.168.0.1"), 3));
        Assert.False(_network.Kernel.TryRead(buffer, out _));
        Assert.Equal(1, _agent.Drops(DropReason.UnknownDestination));
    }

    [Fact]
    public void SuperPackets_OfTheKernel_AreSentAsPackets()
    {
        using var network = new ScriptedNetwork(TunOffloads.All);
        using var agent = CreateUp(network);
        var (offload, packet) = SuperPacketBuilder.Tcp(new Random(1), 9_000, 900);
        var expected = SuperPacketBuilder.Cut(packet, 900);
        _tunnels.Last.OnSent = count =>
        {
            if (count == expected.Count)
            {
                network.Tun.Stop();
            }
        };
        Assert.True(network.Kernel.TryWrite(offload with { SegmentBytes = 0 }, packet));
        Assert.True(network.Kernel.TryWrite(offload, packet));
        agent.PumpOutbound();
        Assert.Equal(expected, _tunnels.Last.Sent);
        Assert.Equal(1, agent.Drops(DropReason.BadOffload));
    }

    [Fact]
    public void PacketsOfTheNode_ThatCameTogether_ReachTheKernelAsOne()
    {
        using var network = new ScriptedNetwork(TunOffloads.All);
        using var agent = CreateUp(network);
        var (_, packet) = SuperPacketBuilder.Tcp(new Random(1), 9_000, 900);
        Own.Write(packet.AsSpan(16));
        var packets = SuperPacketBuilder.Cut(packet, 900);
        packets.ForEach(back => _tunnels.Last.Events.DeliverPacket(back));
        agent.OnBatchEnd(_session);
        var buffer = new byte[65_535];
        Assert.True(network.Kernel.TryRead(buffer, out var offload, out var bytes));
        Assert.Equal(VirtioSegmentation.Tcp4, offload.Segmentation);
        Assert.Equal(packets, SuperPacketBuilder.Cut(buffer[..bytes], 900));

        network.Kernel.Stop();
        packets.ForEach(back => _tunnels.Last.Events.DeliverPacket(back));
        agent.OnBatchEnd(_session);
        Assert.Equal(packets.Count, agent.Drops(DropReason.TunFull));
    }

    [Fact]
    public void PumpOutbound_PacketOfTheKernel_IsSentUntilTheTunStops()
    {
        BringUp();
        _network.Kernel.TryWrite(Packet(Own, Server, 1));
        _agent.Stop(Reason.ClosedByDevice);
        _network.Kernel.TryWrite(Packet(Own, Server, 2));
        _agent.PumpOutbound();
        Assert.Equal(Reason.ClosedByDevice, _tunnels.Last.ClosedWith);
        Assert.Contains(_session.Sent, frame => frame.Type == FrameType.CloseTunnel);
    }

    [Theory]
    [InlineData(Reason.NodeLost)]
    [InlineData(Reason.LeaseExpired)]
    [InlineData(Reason.TunnelReplaced)]
    [InlineData(Reason.CutByAdmin)]
    public void CloseTunnel_OfEachKind_OpensAgainWithTheSameTun(Reason reason)
    {
        BringUp();
        _time.Advance(TimeSpan.FromMinutes(1));
        _agent.OnControl(_session, FrameType.CloseTunnel, Channel.Create(1, 0), new CloseTunnel { Reason = (uint)reason });
        Assert.Equal(reason, _tunnels.Last.ClosedWith);
        Assert.Equal(DeviceTunnelState.Waiting, _agent.State);

        _time.Advance(ReconnectPolicy.MaxDelay);
        Answer(Channel.Create(1, 1));

        Assert.Equal(2, _tunnels.Made.Count);
        Assert.Equal(DeviceTunnelState.Up, _agent.State);
        Assert.False(_network.Tun.IsStopped);
    }

    [Fact]
    public void EndToEndFault_ClosesTheChannelAndOpensAgain()
    {
        BringUp();
        _tunnels.Last.Events.OnClosed(Reason.EndToEndFailed, "no answer to probes", false);
        var close = Assert.Single(_session.Sent, frame => frame.Type == FrameType.CloseTunnel);
        Assert.Equal((uint)Reason.EndToEndFailed, ((CloseTunnel)close.Body).Reason);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, _session.Opens.Count());
    }

    [Fact]
    public void SessionLost_NextSessionCarriesTheTunnelAgain_AndOldFramesAreDropped()
    {
        BringUp();
        var old = _session;
        _agent.OnDetached(old, new UplinkEnd(Reason.ConnectionLost, "", false), TimeSpan.FromSeconds(1));
        SendOutbound(Packet(Own, Server, 1));
        _session = new ScriptedSession(2);
        BringUp();

        Assert.Equal(Packet(Own, Server, 1), Assert.Single(_tunnels.Last.Sent));
        _agent.OnDatagram(old, Channel.Create(1, 0), new ReadOnlySequence<byte>(new byte[10]));
        Assert.Equal(1, _agent.Drops(DropReason.StaleChannel));
        _agent.OnDatagram(_session, Channel.Create(1, 0), new ReadOnlySequence<byte>(new byte[10]));
        Assert.Single(_tunnels.Last.Received);
    }

    [Fact]
    public void Idle_TheNextPacketOpensAgainAndIsNotLost()
    {
        BringUp();
        _agent.OnControl(_session, FrameType.CloseTunnel, Channel.Create(1, 0), new CloseTunnel { Reason = (uint)Reason.Idle });
        Assert.Equal(DeviceTunnelState.Asleep, _agent.State);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Single(_session.Opens);

        // The system's own announcements do not wake it.
        SendOutbound(Packet(Own, Ipv4Address.Parse("224.0.0.251"), 1));
        Assert.Equal(DeviceTunnelState.Asleep, _agent.State);

        SendOutbound(Packet(Own, Server, 2));
        Answer(Channel.Create(1, 1));
        Assert.Equal(Packet(Own, Server, 2), Assert.Single(_tunnels.Last.Sent));
    }

    [Fact]
    public void WaitingPackets_AreBoundedAndTheOldestGoFirst()
    {
        Attach();
        for (var i = 0; i < WaitingPackets.MaxPackets + 10; i++)
        {
            SendOutbound(Packet(Own, Server, (byte)i));
        }

        Assert.Equal(10, _agent.Drops(DropReason.QueueFull));
        Answer(Channel.Create(1, 0));
        Assert.Equal(WaitingPackets.MaxPackets, _tunnels.Last.Sent.Count);
        Assert.Equal(Packet(Own, Server, 10), _tunnels.Last.Sent[0]);
    }

    [Fact]
    public void WaitingPackets_TooOldOrOfAnotherAddress_AreNotSent()
    {
        Attach();
        SendOutbound(Packet(Own, Server, 1));
        _time.Advance(WaitingPackets.MaxAge + TimeSpan.FromMilliseconds(1));
        SendOutbound(Packet(Ipv4Address.Parse("10.64.0.99"), Server, 2));
        SendOutbound(Packet(Own, Server, 3));
        Answer(Channel.Create(1, 0));

        Assert.Equal(Packet(Own, Server, 3), Assert.Single(_tunnels.Last.Sent));
        Assert.Equal(1, _agent.Drops(DropReason.NoTunnel));
        Assert.Equal(1, _agent.Drops(DropReason.SourceAddress));
    }

    [Fact]
    public void SendOutbound_WhatIsNotIpv4_IsDroppedByName()
    {
        BringUp();
        byte[] ipv6 = [0x60, .. new byte[39]];
        SendOutbound(ipv6);
        SendOutbound([0x45, 0, 0]);
        Assert.Equal(1, _agent.Drops(DropReason.NotIpv4));
        Assert.Equal(1, _agent.Drops(DropReason.MalformedPacket));
        Assert.Empty(_tunnels.Last.Sent);
    }

    [Fact]
    public void ChangedAddress_ReconfiguresTheSameTun()
    {
        BringUp();
        _tunnels.Last.Events.OnClosed(Reason.ClosedByNode, "", true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Answer(Channel.Create(1, 1), Configuration() with { Address = Ipv4Address.Parse("10.64.0.8") });
        Assert.Equal(["10.64.0.7", "10.64.0.8"], _network.Applied.Select(c => c.Address.ToString()));
    }

    [Fact]
    public async Task NodesVerdictOnOurCertificate_EndsTheAgent()
    {
        BringUp();
        _tunnels.Last.Events.OnClosed(Reason.CertificateRevoked, "lost phone", true);
        var e = await _agent.Failed.WithinAsync("the verdict");
        Assert.Equal(Reason.CertificateRevoked, e.Reason);
        Assert.Contains("enrol again", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_IsReportedWithItsReasonAndRetried()
    {
        Attach();
        _agent.OnControl(_session, FrameType.Refused, Channel.Session, new Refused { RequestId = 1, Reason = (uint)Reason.NoNode });
        var status = _statuses[^1];
        Assert.Equal((DeviceStatusKind.TunnelClosed, Reason.NoNode), (status.Kind, status.Reason));
        _time.Advance(TimeSpan.FromSeconds(0.25));
        Assert.Equal(2, _session.Opens.Count());
    }

    private DeviceAgent CreateUp(ScriptedNetwork network)
    {
        var agent = new DeviceAgent(network, _tunnels, null, _statuses.Add, NullLogger.Instance, _time, () => 1.0);
        agent.OnAttached(_session);
        agent.OnControl(_session, FrameType.Opened, Channel.Create(1, 0), new Opened { RequestId = _session.Opens.Last().RequestId, TunnelId = 1, NodeId = "node-1" });
        _tunnels.Last.Events.OnConfigured(Configuration());
        return agent;
    }

    private void BringUp()
    {
        Attach();
        Answer(Channel.Create(1, 0));
    }

    private void Attach() => _agent.OnAttached(_session);

    private void Answer(Channel channel, TunnelConfiguration? configuration = null)
    {
        var request = _session.Opens.Last().RequestId;
        _agent.OnControl(_session, FrameType.Opened, channel, new Opened { RequestId = request, TunnelId = 1, NodeId = "node-1" });
        Assert.True(_tunnels.Last.IsStarted);
        _tunnels.Last.Events.OnSecured("DTLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384");
        _tunnels.Last.Events.OnConfigured(configuration ?? Configuration());
    }

    private static TunnelConfiguration Configuration() => new()
    {
        Address = Own,
        PrefixLength = 16,
        NodeAddress = Ipv4Address.Parse("10.64.0.1"),
        Routes = [Ipv4Prefix.Parse("10.1.0.0/16")],
        DnsServers = [Ipv4Address.Parse("10.1.0.53")],
        MtuBytes = 1280,
        NodeName = "node-1",
    };

    private static byte[] Packet(Ipv4Address source, Ipv4Address destination, byte mark)
    {
        var packet = new byte[28];
        packet[0] = 0x45;
        packet[3] = 28;
        source.Write(packet.AsSpan(12));
        destination.Write(packet.AsSpan(16));
        packet[27] = mark;
        return packet;
    }
}
