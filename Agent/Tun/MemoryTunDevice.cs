using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// Two TUN devices joined back to back in memory: what one writes the other reads. For tests of everything above a TUN.
/// Bounded: a full queue drops the packet and counts it, as a link does.
/// </summary>
public sealed class MemoryTunDevice : ITunDevice
{
    private readonly Lock _inboundLock = new();
    private readonly Queue<(VirtioNetHeader Offload, byte[] Packet)> _inbound = new();
    private readonly ManualResetEventSlim _readable = new();
    private readonly TunCounterSet _counters = new();
    private readonly int _queuePacketsMax;
    private MemoryTunDevice _peer;
    private volatile bool _isStopped;

    private MemoryTunDevice(string name, int mtuBytes, int queuePacketsMax, TunOffloads offloads)
    {
        Name = name;
        MtuBytes = mtuBytes;
        Offloads = offloads;
        _queuePacketsMax = queuePacketsMax;
        _peer = this;
    }

    public string Name { get; }

    public int MtuBytes { get; }

    public TunOffloads Offloads { get; }

    public string OffloadNotice => "";

    public int ReadBytesMax => Offloads == TunOffloads.None ? MtuBytes : Ipv4Packet.PacketBytesMax;

    public bool IsStopped => _isStopped;

    public TunCounters Counters => _counters.Snapshot();

    /// <summary>Makes two joined devices.</summary>
    /// <param name="mtuBytes">Writes above it are dropped as malformed.</param>
    /// <param name="queuePacketsMax">Packets that each direction holds before it drops.</param>
    /// <param name="offloads">What both ends take and give beyond whole packets.</param>
    public static (MemoryTunDevice Left, MemoryTunDevice Right) CreatePair(
        int mtuBytes = 1280, int queuePacketsMax = 1024, TunOffloads offloads = TunOffloads.None)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytes, TunOptions.MtuBytesMin);
        ArgumentOutOfRangeException.ThrowIfLessThan(queuePacketsMax, 1);
        MemoryTunDevice left = new("memory-left", mtuBytes, queuePacketsMax, offloads);
        MemoryTunDevice right = new("memory-right", mtuBytes, queuePacketsMax, offloads);
        (left._peer, right._peer) = (right, left);
        return (left, right);
    }

    public bool TryRead(Span<byte> packet, out VirtioNetHeader offload, out int bytes)
    {
        bytes = 0;
        lock (_inboundLock)
        {
            if (_isStopped || !_inbound.TryDequeue(out (VirtioNetHeader Offload, byte[] Packet) next))
            {
                offload = default;
                if (!_isStopped)
                {
                    _readable.Reset();
                }

                return false;
            }

            // A short buffer cuts the packet, as the kernel does.
            offload = next.Offload;
            bytes = Math.Min(next.Packet.Length, packet.Length);
            next.Packet.AsSpan(0, bytes).CopyTo(packet);
        }

        _counters.Read(bytes, offload.Segmentation != VirtioSegmentation.None);
        return true;
    }

    public bool WaitReadable()
    {
        _readable.Wait();
        return !_isStopped;
    }

    public bool TryWrite(ReadOnlySpan<byte> packet) => TryWrite(default, packet.ToArray(), MtuBytes);

    public bool TryWrite(in CoalescedPacket packet)
    {
        byte[] bytes = packet.ToArray();
        return TryWrite(packet.Offload, bytes, packet.Packets > 1 ? ReadBytesMax : MtuBytes);
    }

    /// <summary>Gives the other end a packet as a kernel would: super-packets and unfinished checksums within <see cref="Offloads"/>.</summary>
    public bool TryWrite(in VirtioNetHeader offload, ReadOnlySpan<byte> packet) => TryWrite(offload, packet.ToArray(), ReadBytesMax);

    private bool TryWrite(in VirtioNetHeader offload, byte[] packet, int bytesMax)
    {
        if (_isStopped || _peer._isStopped)
        {
            _counters.DroppedLinkDown();
            return false;
        }

        if (packet.Length == 0 || packet.Length > bytesMax)
        {
            _counters.DroppedMalformed();
            return false;
        }

        lock (_peer._inboundLock)
        {
            if (_peer._inbound.Count >= _queuePacketsMax)
            {
                _counters.DroppedQueueFull();
                return false;
            }

            _peer._inbound.Enqueue((offload, packet));
            _peer._readable.Set();
        }

        _counters.Written(packet.Length, offload.Segmentation != VirtioSegmentation.None);
        return true;
    }

    public void Stop()
    {
        lock (_inboundLock)
        {
            _isStopped = true;
            _readable.Set();
        }
    }

    /// <summary>Stops. The wait handle is left to the collector: a reader may still be returning from it.</summary>
    public void Dispose() => Stop();
}
