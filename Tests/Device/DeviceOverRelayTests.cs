using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Device;
using OrleansUem.Device.Tunnels;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Agent;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device;

/// <summary>The whole device over real TLS and real DTLS; edge and node are the test's, the TUN is in memory.</summary>
public sealed class DeviceOverRelayTests : IAsyncDisposable
{
    private static readonly Ipv4Address Own = Ipv4Address.Parse("10.64.0.7");
    private static readonly Ipv4Address Server = Ipv4Address.Parse("10.1.2.3");

    private readonly TestAuthority _installation = new("Installation");
    private readonly TestAuthority _tenant = new("Tenant");
    private readonly ImmediateBackOff _time = new(TestAuthority.Epoch);
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "uem-test-" + Guid.NewGuid().ToString("N"));
    private readonly System.Threading.Channels.Channel<DeviceStatus> _statuses = System.Threading.Channels.Channel.CreateUnbounded<DeviceStatus>();
    private readonly ScriptedNetwork _network = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ScriptedEdge _edge;
    private readonly RelayedNode _node;
    private Task _running = Task.CompletedTask;
    private Task _pump = Task.CompletedTask;

    public DeviceOverRelayTests()
    {
        _edge = new ScriptedEdge(_installation, _time);
        _node = new RelayedNode(_tenant.Issue(PeerRole.Node, "node-1"), _time);
        _edge.OnFrame = _node.OnFrame;
    }

    public async ValueTask DisposeAsync()
    {
        _network.Tun.Stop();
        await _stop.CancelAsync();
        await _running.WithinAsync("the uplink's end");
        await _pump.WithinAsync("the pump's end");
        await _edge.DisposeAsync();
        _node.Dispose();
        _network.Dispose();
        _stop.Dispose();
        _installation.Dispose();
        _tenant.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Device_ThroughAnEdge_ReachesTheNodeAndSurvivesTheEdgesEnd()
    {
        using var credentials = Enrol();
        using var state = AgentState.Open(_directory, PeerRole.Device);
        using var tunnels = new SecureDeviceTunnelFactory(state.Enrolment.Credentials, 1370, _time);
        using var agent = new DeviceAgent(
            _network, tunnels, null, status => _statuses.Writer.TryWrite(status), NullLogger.Instance, _time, () => 0);
        var options = new UplinkOptions { Software = "uem-test/1", Jitter = () => 0, ConnectTimeout = TimeSpan.FromSeconds(10) };
        var uplink = new RelayUplink(state, agent, options, NullLoggerFactory.Instance, _time);
        _pump = Task.Factory.StartNew(agent.PumpOutbound, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _running = uplink.RunAsync(_stop.Token);

        var up = await NextAsync(DeviceStatusKind.Up);
        Assert.Equal("node-1", up.Configuration!.NodeName);
        await ExchangeAsync(1);

        // The edge dies; the same TUN carries the next tunnel.
        _node.Peer!.Close(new Close { Reason = (uint)Reason.InternalError });
        await NextAsync(DeviceStatusKind.Detached);
        await NextAsync(DeviceStatusKind.Up);
        await ExchangeAsync(2);

        _network.Tun.Stop();
        await _stop.CancelAsync();
        await _running.WithinAsync("the uplink's end");
    }

    // The node's answer to a packet of the kernel is the packet back.
    private async Task ExchangeAsync(byte mark)
    {
        var packet = Packet(Own, Server, mark);
        Assert.True(_network.Kernel.TryWrite(packet));
        var seen = await _node.Packets.Reader.ReadAsync().AsTask().WithinAsync($"packet {mark} at the node");
        Assert.Equal(packet, seen);
        _node.Send(Packet(Server, Own, mark));
        var buffer = new byte[1500];
        var read = Task.Factory.StartNew(
            () => _network.Kernel.Read(buffer), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var bytes = await read.WithinAsync($"the answer to packet {mark}");
        Assert.Equal(Packet(Server, Own, mark), buffer[..bytes]);
    }

    private async Task<DeviceStatus> NextAsync(DeviceStatusKind kind)
    {
        while (true)
        {
            var status = await _statuses.Reader.ReadAsync().AsTask().WithinAsync($"status {kind}");
            if (status.Kind == kind)
            {
                return status;
            }
        }
    }

    private PeerCredentials Enrol()
    {
        var credentials = _tenant.Issue(PeerRole.Device, "phone-1");
        AgentState.Store(_directory, new AgentEnrolment
        {
            Credentials = credentials,
            InstallationRoot = _installation.Authority.Root,
            TenantTag = new byte[TenantTags.TagBytes],
            Relays = [_edge.Address],
        });
        return credentials;
    }

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

    /// <summary>The node's end of the tunnel, at the edge's side of the device's connection.</summary>
    private sealed class RelayedNode : ISecureTunnelHandler, IDisposable
    {
        private readonly PeerCredentials _credentials;
        private readonly TunnelContexts _contexts;
        private readonly TunnelTimer _timer;
        private readonly ConcurrentDictionary<SecureTunnel, (ScriptedEdge.ScriptedPeer Peer, Channel Channel)> _ways = new();
        private SecureTunnel? _tunnel;
        private int _slot;

        public RelayedNode(PeerCredentials credentials, TimeProvider time)
        {
            _credentials = credentials;
            _contexts = TunnelContexts.Create(credentials);
            _timer = new TunnelTimer(time);
        }

        public ScriptedEdge.ScriptedPeer? Peer { get; private set; }

        public System.Threading.Channels.Channel<byte[]> Packets { get; } = System.Threading.Channels.Channel.CreateUnbounded<byte[]>();

        public void OnFrame(ScriptedEdge.ScriptedPeer peer, FrameType type, Channel channel, byte[] payload)
        {
            switch (type)
            {
                case FrameType.Attach:
                    Peer = peer;
                    var claim = AttachClaim.Parser.ParseFrom(Attach.Parser.ParseFrom(payload).Claim);
                    peer.Send(FrameType.Attached, Channel.Session, new Attached { SessionId = (ulong)peer.Number, Generation = claim.Generation });
                    break;
                case FrameType.Open:
                    var request = Open.Parser.ParseFrom(payload).RequestId;
                    var opened = Channel.Create(++_slot, 0);
                    _tunnel = new SecureTunnel(_contexts, _timer, new TunnelPeer("phone-1"), this);
                    _ways[_tunnel] = (peer, opened);
                    _tunnel.Start();
                    peer.Send(FrameType.Opened, opened, new Opened { RequestId = request, TunnelId = (ulong)_slot, NodeId = "node-1" });
                    break;
                case FrameType.Datagram when _tunnel is { } tunnel && _ways[tunnel].Channel == channel:
                    tunnel.OnDatagram(payload);
                    break;
                default:
                    break;
            }
        }

        public void Send(byte[] packet) => Assert.Equal(DropReason.Unspecified, _tunnel!.SendPacket(packet));

        public bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram)
        {
            var (peer, channel) = _ways[tunnel];
            peer.SendDatagram(channel, datagram.ToArray());
            return true;
        }

        public void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet) => Packets.Writer.TryWrite(packet.ToArray());

        public TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security) => TunnelAdmission.WithOffer(new TunnelConfiguration
        {
            Address = Own,
            PrefixLength = 16,
            NodeAddress = Ipv4Address.Parse("10.64.0.1"),
            Routes = [Ipv4Prefix.Parse("10.1.0.0/16")],
            MtuBytes = 1370,
            NodeName = "node-1",
        });

        public void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration)
        {
        }

        public void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer)
        {
        }

        public void OnDropped(SecureTunnel tunnel, DropReason reason)
        {
        }

        public void Dispose()
        {
            _timer.Dispose();
            _contexts.Dispose();
            _credentials.Dispose();
        }
    }
}
