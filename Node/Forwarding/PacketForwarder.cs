using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Forwarding;

/// <summary>
/// Moves packets between the tunnels and the TUN and judges each. Towards a device: an array lookup by destination. From a device: well-formed, its own source
/// address, a destination that the policy allows. Allocates nothing per packet and takes no lock of its own.
/// <para>
/// Threads: <see cref="FromTun"/> runs on the TUN's reader, <see cref="FromTunnel"/> on the tunnel's reader, which calls <see cref="EndBatch"/> after what came together; ports come
/// and go on any thread.
/// </para>
/// </summary>
internal sealed class PacketForwarder : IDisposable
{
    private readonly IPacketPort?[] _ports;
    private readonly Ipv4Prefix _pool;
    private readonly Ipv4Address _nodeAddress;
    private readonly DestinationPolicy _policy;
    private readonly bool _isDeviceToDeviceAllowed;
    private readonly ITunDevice _tun;
    private readonly NodeMetrics _metrics;
    private readonly Func<long> _nowMilliseconds;
    private readonly TokenBucket _tunIcmpLimit = new(perSecond: 100, burst: 100);

    // One for each thread that the uplink's frames come on: a batch is begun and ended on the same one.
    private readonly ThreadLocal<Gathered> _gathered;

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
        _gathered = new ThreadLocal<Gathered>(() => new Gathered(tun, metrics));
    }

    /// <summary>Packets to the port's address go there from here on.</summary>
    /// <returns>The port that had the address before; null: none.</returns>
    public IPacketPort? Add(IPacketPort port) => Interlocked.Exchange(ref _ports[IndexOf(port.Address)], port);

    /// <summary>Takes the port out, unless another one has taken its place.</summary>
    public void Remove(IPacketPort port) => Interlocked.CompareExchange(ref _ports[IndexOf(port.Address)], null, port);

    /// <summary>Packets of one flow that the kernel routed into the TUN; the caller flushes the batch.</summary>
    public void FromTun(scoped ref PacketSegmenter packets, SendBatch batch)
    {
        if (!packets.MoveNext())
        {
            return;
        }

        if (!Ipv4Packet.TryParse(packets.Current, out var first, out var error))
        {
            _metrics.Drop(error == Ipv4ParseError.NotVersion4 ? DropReason.NotIpv4 : DropReason.MalformedPacket, packets.Count);
            return;
        }

        var destination = first.Destination;
        if (!_pool.Contains(destination) || Volatile.Read(ref _ports[IndexOf(destination)]) is not { } port)
        {
            _metrics.Drop(DropReason.UnknownDestination, packets.Count);
            return;
        }

        if (packets.PacketBytesMax > port.MtuBytes)
        {
            _metrics.Drop(DropReason.Oversize, packets.Count);
            TellTooLong(first, port);
            return;
        }

        SendToDevice(ref packets, port, batch);
    }

    /// <summary>Writes and sends what <see cref="FromTunnel"/> gathered on this thread.</summary>
    public void EndBatch()
    {
        if (_gathered.IsValueCreated)
        {
            _gathered.Value!.Flush();
        }
    }

    public void Dispose() => _gathered.Dispose();

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
            Pass(port, packet, destination.IsUnicastHost && port.Permitted.IsPermitted(_policy, packet, packet.IsFragment ? _nowMilliseconds() : 0));
        }
    }

    private void SendToDevice(scoped ref PacketSegmenter packets, IPacketPort port, SendBatch batch)
    {
        var sent = 0;
        var bytes = 0L;
        var drop = DropReason.Unspecified;
        while (drop == DropReason.Unspecified && !packets.Current.IsEmpty)
        {
            drop = port.SendPackets(ref packets, batch, out var taken);
            if (drop == DropReason.Unspecified)
            {
                sent += taken.Count;
                bytes += taken.Bytes;
            }
        }

        _metrics.ToDevice(sent, bytes);
        if (drop != DropReason.Unspecified)
        {
            // What became of one of them becomes of the rest.
            _metrics.Drop(drop, packets.Count - sent);
        }
    }

    private void TellTooLong(in Ipv4Packet packet, IPacketPort port)
    {
        Span<byte> answer = stackalloc byte[IcmpError.PacketBytesMax];
        if (_tunIcmpLimit.TryTake(Now)
            && IcmpError.TryBuildFragmentationNeeded(packet, _nodeAddress, (ushort)port.MtuBytes, answer, out var bytes))
        {
            _tun.TryWrite(answer[..bytes]);
        }
    }

    private void Pass(IPacketPort port, in Ipv4Packet packet, bool isPermitted)
    {
        if (!isPermitted)
        {
            Deny(port, packet);
        }
        else
        {
            _gathered.Value!.Tun.Write(packet.Bytes);
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
            ? other.SendPacket(packet.Bytes, _gathered.Value!.Batch)
            : DropReason.UnknownDestination;
        if (drop == DropReason.Unspecified)
        {
            _metrics.FromDevice(1, packet.TotalBytes);
            _metrics.ToDevice(1, packet.TotalBytes);
        }
        else
        {
            _metrics.Drop(drop);
        }
    }

    private void Deny(IPacketPort port, in Ipv4Packet packet)
    {
        _metrics.Drop(DropReason.DestinationDenied);
        if (!port.IcmpLimit.TryTake(Now))
        {
            return;
        }

        Span<byte> answer = stackalloc byte[IcmpError.PacketBytesMax];
        if (IcmpError.TryBuildAdministrativelyProhibited(packet, _nodeAddress, answer, out var bytes))
        {
            port.SendPacket(answer[..bytes], _gathered.Value!.Batch);
        }
    }

    private TimeSpan Now => TimeSpan.FromMilliseconds(_nowMilliseconds());

    private int IndexOf(Ipv4Address address) => (int)(address.Value - _pool.Network.Value);

    /// <summary>What one thread has taken from tunnels and not passed on yet.</summary>
    private sealed class Gathered(ITunDevice tun, NodeMetrics metrics)
    {
        public TunWriter Tun { get; } = new(tun);

        public SendBatch Batch { get; } = new(dropped => metrics.Drop(DropReason.QueueFull, dropped));

        public void Flush()
        {
            Batch.Flush();
            var written = Tun.Flush();
            if (written.Packets > 0)
            {
                metrics.FromDevice(written.Packets, written.Bytes);
            }

            if (written.Dropped > 0)
            {
                metrics.Drop(DropReason.TunFull, written.Dropped);
            }
        }
    }
}
