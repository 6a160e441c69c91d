using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node.Addressing;
using OrleansUem.Node.Enrolment;
using OrleansUem.Node.Forwarding;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Tunnels;

/// <summary>
/// The node's tunnels by channel of the uplink's session. OPEN, DATAGRAM and CLOSETUNNEL come on the uplink's reader, one at a time; ends come on any thread. The table's lock
/// is never held while a tunnel is called.
/// </summary>
internal sealed partial class NodeTunnels : IDisposable
{
    [ThreadStatic]
    private static byte[]? _threadDatagram;

    private readonly Lock _lock = new();
    private readonly NodeSettings _settings;
    private readonly NodeId _node;
    private readonly AddressBook _addresses;
    private readonly Action<NodeStatus> _onStatus;
    private readonly Action _onAddressAssigned;
    private readonly ILogger _logger;
    private NodeTunnel?[] _slots = new NodeTunnel?[64];
    private int _count;

    public NodeTunnels(
        NodeSettings settings,
        TunnelContexts contexts,
        AddressBook addresses,
        RevocationList revocations,
        PacketForwarder forwarder,
        NodeMetrics metrics,
        TimeProvider time,
        ILogger logger,
        Action<NodeStatus> onStatus,
        Action onAddressAssigned)
    {
        _settings = settings;
        _node = new NodeId(contexts.Credentials.Identity.Name);
        _addresses = addresses;
        _logger = logger;
        _onStatus = onStatus;
        _onAddressAssigned = onAddressAssigned;
        Contexts = contexts;
        Revocations = revocations;
        Forwarder = forwarder;
        Metrics = metrics;
        Timer = new TunnelTimer(time);
    }

    public TunnelContexts Contexts { get; }

    public TunnelTimer Timer { get; }

    public RevocationList Revocations { get; }

    public PacketForwarder Forwarder { get; }

    public NodeMetrics Metrics { get; }

    /// <summary>OPEN: takes the tunnel or says why not. The device is authenticated later, end to end: the relay's word for it counts for nothing.</summary>
    public void Open(IUplinkSession session, Channel channel, Open open)
    {
        if (!DeviceId.TryParse(open.DeviceId, out var device) || channel.IsSession || channel.Index == 0)
        {
            Refuse(session, channel, open, Reason.NodeRefused, "The offer names no device or no channel.");
            return;
        }

        NodeTunnel? former;
        NodeTunnel tunnel;
        lock (_lock)
        {
            former = Find(channel.Index);
            if (_count >= _settings.Options.MaxTunnels && former is null)
            {
                tunnel = null!;
            }
            else
            {
                tunnel = new NodeTunnel(this, session, channel, device, open.TunnelId);
                Put(channel.Index, tunnel);
                _count += former is null ? 1 : 0;
                Metrics.Tunnels = _count;
            }
        }

        if (tunnel is null)
        {
            Refuse(session, channel, open, Reason.TunnelLimit, $"The node carries {_settings.Options.MaxTunnels} tunnels.");
            return;
        }

        // The slot has a new generation: the relay has ended the former tunnel, and the word of it was lost.
        former?.EndByRelay(Reason.TunnelReplaced, "the relay gave the channel to another tunnel");
        session.TrySend(FrameType.Opened, channel, new Opened { TunnelId = open.TunnelId });
        LogOffered(_logger, channel.Index);
        Tell(new NodeStatus(NodeStatusKind.TunnelOffered, $"device {device}: the relay offers a tunnel") { Device = device.Text });
        tunnel.Tunnel.Start();
    }

    /// <summary>DATAGRAM: hands it to the channel's tunnel. The data path.</summary>
    public void Receive(IUplinkSession session, Channel channel, in ReadOnlySequence<byte> payload)
    {
        var slots = Volatile.Read(ref _slots);
        if (channel.Index >= slots.Length || Volatile.Read(ref slots[channel.Index]) is not { } tunnel)
        {
            Metrics.Drop(DropReason.NoRoute);
            return;
        }

        if (tunnel.Channel != channel || tunnel.Session != session)
        {
            Metrics.Drop(DropReason.StaleChannel);
            return;
        }

        if (payload.IsSingleSegment)
        {
            tunnel.Tunnel.OnDatagram(payload.FirstSpan);
            return;
        }

        // A frame that the TLS records cut; the payload is within the frame limit.
        var datagram = (_threadDatagram ??= new byte[FrameLimits.MaxPayloadBytes]).AsSpan(0, (int)payload.Length);
        payload.CopyTo(datagram);
        tunnel.Tunnel.OnDatagram(datagram);
    }

    /// <summary>CLOSETUNNEL of the relay.</summary>
    public void Close(IUplinkSession session, Channel channel, CloseTunnel close)
    {
        var slots = Volatile.Read(ref _slots);
        if (channel.Index < slots.Length && slots[channel.Index] is { } tunnel && tunnel.Channel == channel && tunnel.Session == session)
        {
            var reason = ReasonText.FromWire(close.Reason);
            tunnel.EndByRelay(reason == Reason.None ? Reason.DeviceLost : reason, ReasonText.Printable(close.Detail));
        }
    }

    /// <summary>The session is over and with it every channel: devices open their tunnels again.</summary>
    public void EndSession(IUplinkSession session, Reason reason)
    {
        foreach (var tunnel in Snapshot())
        {
            if (tunnel.Session == session)
            {
                tunnel.EndByRelay(reason, "the node's session with the relay ended");
            }
        }
    }

    /// <summary>Ends every tunnel from the node's side.</summary>
    public void CloseAll(Reason reason, string detail)
    {
        foreach (var tunnel in Snapshot())
        {
            tunnel.Tunnel.Close(reason, detail);
        }
    }

    /// <summary>Ends the tunnels whose certificate is on the list.</summary>
    public void CloseRevoked()
    {
        foreach (var tunnel in Snapshot())
        {
            if (tunnel.Fingerprint is { } fingerprint && Revocations.Contains(fingerprint))
            {
                tunnel.Tunnel.Close(Reason.CertificateRevoked, "the organisation has revoked the device's certificate");
            }
        }
    }

    public void Dispose() => Timer.Dispose();

    internal void Tell(NodeStatus status) => _onStatus(status);

    internal bool TryAssign(DeviceId device, out Ipv4Address address)
    {
        var isAssigned = _addresses.TryAssign(device, out address, out var isNew);
        if (isAssigned && isNew)
        {
            _onAddressAssigned();
        }

        return isAssigned;
    }

    internal TunnelConfiguration CreateOffer(Ipv4Address address) => new()
    {
        Address = address,
        PrefixLength = _addresses.Prefix.Length,
        NodeAddress = _addresses.NodeAddress,
        Routes = _settings.Routes,
        DnsServers = _settings.DnsServers,
        DnsDomains = _settings.Options.DnsDomains,
        MtuBytes = _settings.Options.MtuBytes,
        NodeName = _node.Text,
    };

    internal void TunnelUp(NodeTunnel tunnel)
    {
        // The newest authenticated tunnel of a device is the one it uses.
        if (Forwarder.Add(tunnel) is NodeTunnel former && former != tunnel)
        {
            former.Tunnel.Close(Reason.TunnelReplaced, "the device opened its tunnel again");
        }

        // Closed between the last lock and the line above: its end has already passed.
        if (tunnel.Tunnel.State == TunnelState.Closed)
        {
            Forwarder.Remove(tunnel);
        }

        LogUp(_logger, tunnel.Channel.Index, tunnel.CipherSuite);
        Tell(new NodeStatus(
            NodeStatusKind.TunnelOpen,
            $"device {tunnel.Device}: tunnel open, address {tunnel.Address}, MTU {tunnel.MtuBytes}, {tunnel.CipherSuite}")
        {
            Device = tunnel.Device.Text,
            Address = tunnel.Address.ToString(),
            Suite = tunnel.CipherSuite,
        });
    }

    internal void TunnelOver(NodeTunnel tunnel, Reason reason, string detail, bool isByPeer)
    {
        lock (_lock)
        {
            if (Find(tunnel.Channel.Index) == tunnel)
            {
                Put(tunnel.Channel.Index, null);
                _count--;
                Metrics.Tunnels = _count;
            }
        }

        if (tunnel.MtuBytes > 0)
        {
            Forwarder.Remove(tunnel);
        }

        var totals = tunnel.Tunnel.Totals;
        LogOver(_logger, tunnel.Channel.Index, reason, isByPeer, totals.BytesReceived, totals.BytesSent);
        var by = isByPeer ? "the device says " : "";
        var words = detail.Length == 0 ? "" : $" ({detail})";
        Tell(new NodeStatus(
            NodeStatusKind.TunnelClosed,
            $"device {tunnel.Device}: tunnel closed, {by}{reason.Describe()}{words}, {totals.BytesReceived} bytes from and {totals.BytesSent} to the device")
        {
            Device = tunnel.Device.Text,
            Reason = reason,
            BytesFromDevice = totals.BytesReceived,
            BytesToDevice = totals.BytesSent,
        });
    }

    private void Refuse(IUplinkSession session, Channel channel, Open open, Reason reason, string detail)
    {
        session.TrySend(FrameType.Refused, channel, new Refused { RequestId = open.RequestId, Reason = (uint)reason, Detail = detail });
        LogRefused(_logger, reason);
        Tell(new NodeStatus(NodeStatusKind.TunnelRefused, $"an offer was declined: {reason.Describe()}: {detail}") { Reason = reason });
    }

    private NodeTunnel[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _slots.OfType<NodeTunnel>()];
        }
    }

    private NodeTunnel? Find(int index) => index < _slots.Length ? _slots[index] : null;

    // Inside the lock. Readers see the old array or the new one, and a slot's old or new tunnel. Indexes are below 2^20 by their form.
    private void Put(int index, NodeTunnel? tunnel)
    {
        if (index >= _slots.Length)
        {
            var grown = new NodeTunnel?[Math.Max(index + 1, _slots.Length * 2)];
            _slots.CopyTo(grown, 0);
            Volatile.Write(ref _slots, grown);
        }

        Volatile.Write(ref _slots[index], tunnel);
    }
}
