using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Forwarding;

/// <summary>
/// Moves packets between the tunnels and the TUN and judges each. Towards a device: an array lookup by destination. From a device: well-formed, its own source
/// address, a destination that the policy allows. Allocates nothing per packet and takes no lock of its own.
/// <para>Threads: <see cref="FromTun"/> runs on the TUN's reader, <see cref="FromTunnel"/> on the tunnel's reader; ports come and go on any thread.</para>
/// </summary>
internal sealed class PacketForwarder
{
    private readonly IPacketPort?[] _ports;
    private readonly Ipv4Prefix _pool;
    private readonly Ipv4Address _nodeAddress;
    private readonly DestinationPolicy _policy;
    private readonly bool _isDeviceToDeviceAllowed;
    private readonly ITunDevice _tun;
    private readonly NodeMetrics _metrics;
    private readonly Func<long> _nowMilliseconds;
    private readonly RateLimit _tunIcmpLimit = new(perSecond: 100, burst: 100);

    public PacketForwarder(
        Ipv4Prefix pool,
        Ipv4Address nodeAddress,
        DestinationPolicy policy,
        bool isDeviceToDeviceAllowed,
        ITunDevice tun,
        NodeMetrics metrics,
        Func<long> nowMilliseconds)
    {
        _pool = pool;
        _nodeAddress = nodeAddress;
        _policy = policy;
        _isDeviceToDeviceAllowed = isDeviceToDeviceAllowed;
        _tun = tun;
        _metrics = metrics;
        _nowMilliseconds = nowMilliseconds;
        _ports = new IPacketPort?[pool.AddressCount];
    }

    /// <summary>Packets to the port's address go there from here on.</summary>
    /// <returns>The port that had the address before; null: none.</returns>
    public IPacketPort? Add(IPacketPort port) => Interlocked.Exchange(ref _ports[IndexOf(port.Address)], port);

    /// <summary>Takes the port out, unless another one has taken its place.</summary>
    public void Remove(IPacketPort port) => Interlocked.CompareExchange(ref _ports[IndexOf(port.Address)], null, port);

    /// <summary>A packet that the kernel routed into the TUN; the caller flushes the batch.</summary>
    public void FromTun(ReadOnlySpan<byte> bytes, SendBatch batch)
    {
        if (!Ipv4Packet.TryParse(bytes, out var packet, out var error))
        {
            _metrics.Drop(error == Ipv4ParseError.NotVersion4 ? DropReason.NotIpv4 : DropReason.MalformedPacket);
            return;
        }

        var destination = packet.Destination;
        if (!_pool.Contains(destination) || Volatile.Read(ref _ports[IndexOf(destination)]) is not { } port)
        {
            _metrics.Drop(DropReason.UnknownDestination);
            return;
        }

        var drop = port.SendPacket(packet.Bytes, batch);
        if (drop == DropReason.Unspecified)
        {
            _metrics.ToDevice(packet.TotalBytes);
            return;
        }

        _metrics.Drop(drop);
        if (drop == DropReason.Oversize && _tunIcmpLimit.TryTake(_nowMilliseconds()))
        {
            Span<byte> answer = stackalloc byte[IcmpError.PacketBytesMax];
            if (IcmpError.TryBuildFragmentationNeeded(packet, _nodeAddress, (ushort)port.MtuBytes, answer, out var answerBytes))
            {
                _tun.TryWrite(answer[..answerBytes]);
            }
        }
    }

    /// <summary>A packet from a device's tunnel; any bytes.</summary>
    public void FromTunnel(IPacketPort port, ReadOnlySpan<byte> bytes)
    {
        if (!Ipv4Packet.TryParse(bytes, out var packet, out _))
        {
            _metrics.Drop(DropReason.MalformedPacket);
            return;
        }

        if (packet.Source != port.Address)
        {
            _metrics.Drop(DropReason.SourceAddress);
            return;
        }

        var destination = packet.Destination;
        if (destination == _nodeAddress)
        {
            // The node answers ping and nothing else: its own services are reached by the addresses that the policy names.
            Pass(port, packet, packet.Protocol == IpProtocolNumber.Icmp);
        }
        else if (_pool.Contains(destination))
        {
            PassToDevice(port, packet);
        }
        else
        {
            Pass(port, packet, destination.IsUnicastHost && port.Fragments.IsPermitted(_policy, packet, _nowMilliseconds()));
        }
    }

    private void Pass(IPacketPort port, in Ipv4Packet packet, bool isPermitted)
    {
        if (!isPermitted)
        {
            Deny(port, packet);
        }
        else if (_tun.TryWrite(packet.Bytes))
        {
            _metrics.FromDevice(packet.TotalBytes);
        }
        else
        {
            _metrics.Drop(DropReason.TunFull);
        }
    }

    private void PassToDevice(IPacketPort port, in Ipv4Packet packet)
    {
        if (!_isDeviceToDeviceAllowed)
        {
            Deny(port, packet);
            return;
        }

        var drop = Volatile.Read(ref _ports[IndexOf(packet.Destination)]) is { } other
            ? other.SendPacket(packet.Bytes)
            : DropReason.UnknownDestination;
        if (drop == DropReason.Unspecified)
        {
            _metrics.FromDevice(packet.TotalBytes);
            _metrics.ToDevice(packet.TotalBytes);
        }
        else
        {
            _metrics.Drop(drop);
        }
    }

    private void Deny(IPacketPort port, in Ipv4Packet packet)
    {
        _metrics.Drop(DropReason.DestinationDenied);
        if (!port.IcmpLimit.TryTake(_nowMilliseconds()))
        {
            return;
        }

        Span<byte> answer = stackalloc byte[IcmpError.PacketBytesMax];
        if (IcmpError.TryBuildAdministrativelyProhibited(packet, _nodeAddress, answer, out var bytes))
        {
            port.SendPacket(answer[..bytes]);
        }
    }

    private int IndexOf(Ipv4Address address) => (int)(address.Value - _pool.Network.Value);
}
