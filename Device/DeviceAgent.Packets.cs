using System.Buffers;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Device.Tunnels;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>The data path: packets between the TUN and the tunnel that is up.</summary>
internal sealed partial class DeviceAgent
{
    private const int Ipv4HeaderBytesMin = 20;
    private const int SourceOffset = 12;
    private const int DestinationOffset = 16;

    // One for each thread that the uplink's frames come on: a batch is begun and ended on the same one.
    private readonly ThreadLocal<TunWriter> _writers;

    /// <summary>Reads the TUN until it is stopped; a thread of its own runs this.</summary>
    public void PumpOutbound() => TunPump.Run(_network.Tun, new Outbound(this), _time);

    public void OnBatchEnd(IUplinkSession session)
    {
        if (_writers.IsValueCreated && _writers.Value!.Flush() is { Dropped: > 0 and var dropped })
        {
            _drops.Add(DropReason.TunFull, dropped);
        }
    }

    /// <summary>What a thread that calls <see cref="SendOutbound"/> gathers packets in.</summary>
    internal SendBatch CreateBatch(bool mayWait = false) => new(dropped => _drops.Add(DropReason.QueueFull, dropped), mayWait);

    /// <summary>Takes one packet of the TUN; the caller flushes the batch.</summary>
    internal void SendOutbound(ReadOnlySpan<byte> packet, SendBatch batch)
    {
        if (packet.Length < Ipv4HeaderBytesMin || packet[0] >> 4 != 4)
        {
            Count(packet.Length > 0 && packet[0] >> 4 == 6 ? DropReason.NotIpv4 : DropReason.MalformedPacket);
            return;
        }

        var drop = Volatile.Read(ref _up)?.Send(packet, batch) ?? DropReason.NoTunnel;
        if (drop != DropReason.NoTunnel)
        {
            if (drop != DropReason.Unspecified)
            {
                Count(drop);
            }

            return;
        }

        // Announcements of the system's own services neither wait nor wake a tunnel.
        if (!Ipv4Address.Read(packet[DestinationOffset..]).IsUnicastHost)
        {
            Count(DropReason.NoTunnel);
            return;
        }

        if (_waiting.Add(packet) is var full and not DropReason.Unspecified)
        {
            Count(full);
        }

        if (Volatile.Read(ref _up) is { } active)
        {
            // It came up between the two looks.
            Flush(active, batch);
        }
        else if (_isAsleep)
        {
            lock (_gate)
            {
                Run(_machine.OnPacketWaiting(_time.GetUtcNow()));
            }
        }
    }

    // The packets of a super-packet: well formed, or it could not be cut. What the tunnel refuses is left, and goes the way of single packets.
    private void SendCut(scoped ref PacketSegmenter packets, SendBatch batch)
    {
        var active = Volatile.Read(ref _up);
        var drop = DropReason.Unspecified;
        while (active is not null && drop == DropReason.Unspecified && !packets.Current.IsEmpty)
        {
            drop = active.Send(ref packets, batch, out var taken);
            if (drop != DropReason.Unspecified)
            {
                _drops.Add(drop, taken.Count);
            }
        }
    }

    private void Flush(ActiveTunnel active, SendBatch batch)
    {
        while (_waiting.TryTake(out var packet, out var isTooOld))
        {
            // A packet of an older address would be dropped by the node.
            var isForeign = Ipv4Address.Read(packet.AsSpan(SourceOffset)) != active.Address;
            var drop = isTooOld ? DropReason.NoTunnel : isForeign ? DropReason.SourceAddress : active.Send(packet, batch);
            if (drop != DropReason.Unspecified)
            {
                Count(drop);
            }
        }
    }

    private void OnConfigured(ActiveTunnel active, TunnelConfiguration configuration)
    {
        lock (_gate)
        {
            if (_tunnel != active)
            {
                return;
            }

            IReadOnlyList<string> skipped;
            try
            {
                skipped = _network.Apply(configuration);
            }
            catch (NetworkLinkException e)
            {
                // An operating failure of this machine that the next tunnel would meet again.
                LogNetworkFault(_logger, e);
                _failed.TrySetResult(new DeviceFatalException(
                    Reason.InternalError, $"The network settings of {_network.Tun.Name} could not be made: {e.Message}", e));
                return;
            }

            active.Address = configuration.Address;
            Volatile.Write(ref _up, active);
            Run(_machine.OnTunnelUp(_time.GetUtcNow()));
            ReportUp(configuration, skipped);
        }

        var batch = CreateBatch();
        Flush(active, batch);
        batch.Flush();
    }

    private void ReportUp(TunnelConfiguration configuration, IReadOnlyList<string> skipped)
    {
        foreach (var text in skipped)
        {
            Report(DeviceStatusKind.RouteSkipped, text);
        }

        var dns = configuration.DnsServers.Count == 0 ? "" : $", DNS {string.Join(' ', configuration.DnsServers)}";
        var routes = configuration.Routes.Count == 0 ? "none" : string.Join(' ', configuration.Routes);
        Report(new DeviceStatus(
            DeviceStatusKind.Up,
            $"{_network.Tun.Name} has address {configuration.Address}, MTU {configuration.MtuBytes}, routes {routes}{dns}; node {configuration.NodeName} is {configuration.NodeAddress}")
        {
            Configuration = configuration,
            Node = configuration.NodeName,
        });
    }

    private void OnTunnelClosed(ActiveTunnel active, Reason reason, string detail, bool isByPeer)
    {
        lock (_gate)
        {
            if (_tunnel == active)
            {
                Run(_machine.OnTunnelEnded(reason, detail, isByPeer, _time.GetUtcNow()));
            }
        }
    }

    private void Deliver(ActiveTunnel active, ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Ipv4HeaderBytesMin)
        {
            Count(DropReason.MalformedPacket);
        }
        else if (Ipv4Address.Read(packet[DestinationOffset..]) != active.Address)
        {
            // A node reaches this device, not what lies behind it.
            Count(DropReason.UnknownDestination);
        }
        else
        {
            _writers.Value!.Write(packet);
        }
    }

    /// <summary>The packets of the TUN's thread.</summary>
    private sealed class Outbound(DeviceAgent agent) : ITunPackets
    {
        private readonly SendBatch _batch = agent.CreateBatch(mayWait: true);

        public void OnPackets(scoped ref PacketSegmenter packets)
        {
            packets.MoveNext();
            if (packets.Count > 1)
            {
                agent.SendCut(ref packets, _batch);
            }

            for (; !packets.Current.IsEmpty; packets.MoveNext())
            {
                agent.SendOutbound(packets.Current, _batch);
            }
        }

        public void OnDropped(DropReason reason) => agent.Count(reason);

        public void OnDrained() => _batch.Flush();
    }

    /// <summary>One end-to-end tunnel with the session and channel that carry it; events of an older one are told apart by it.</summary>
    private sealed class ActiveTunnel(DeviceAgent agent, IUplinkSession session, Channel channel, string node) : IDeviceTunnelEvents
    {
        public IDeviceTunnel? Tunnel { get; set; }

        public IUplinkSession Session => session;

        public Channel Channel => channel;

        public Ipv4Address Address { get; set; }

        public void OnDatagram(ReadOnlySpan<byte> datagram) => Tunnel!.OnDatagram(datagram);

        public void OnSplitDatagram(in ReadOnlySequence<byte> payload)
        {
            var bytes = (int)payload.Length;
            var rented = ArrayPool<byte>.Shared.Rent(bytes);
            payload.CopyTo(rented);
            Tunnel!.OnDatagram(rented.AsSpan(0, bytes));
            ArrayPool<byte>.Shared.Return(rented);
        }

        public DropReason Send(ReadOnlySpan<byte> packet, SendBatch batch) => Tunnel!.SendPacket(packet, session, channel, batch);

        public DropReason Send(scoped ref PacketSegmenter packets, SendBatch batch, out TakenPackets taken) => Tunnel!.SendPackets(ref packets, session, channel, batch, out taken);

        public bool SendDatagram(ReadOnlySpan<byte> datagram) => session.TrySendDatagram(channel, datagram);

        public void OnSecured(string suite) => agent.Report(
            new DeviceStatus(DeviceStatusKind.Secured, $"Node {node} is authenticated end to end, {suite}") { Suite = suite, Node = node });

        public void OnConfigured(TunnelConfiguration configuration) => agent.OnConfigured(this, configuration);

        public void OnClosed(Reason reason, string detail, bool isByPeer) => agent.OnTunnelClosed(this, reason, detail, isByPeer);

        public void DeliverPacket(ReadOnlySpan<byte> packet) => agent.Deliver(this, packet);

        public void OnDropped(DropReason reason) => agent.Count(reason);
    }
}
