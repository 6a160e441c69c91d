namespace OrleansUem.Agent.Tun;

/// <summary>
/// Two TUN devices joined back to back in memory: what one writes the other reads. For tests of everything above a TUN.
/// Bounded: a full queue drops the packet and counts it, as a link does.
/// </summary>
public sealed class MemoryTunDevice : ITunDevice
{
    private readonly Lock _inboundLock = new();
    private readonly Queue<byte[]> _inbound = new();
    private readonly ManualResetEventSlim _readable = new();
    private readonly TunCounterSet _counters = new();
    private readonly int _queuePacketsMax;
    private MemoryTunDevice _peer;
    private volatile bool _isStopped;

    private MemoryTunDevice(string name, int mtuBytes, int queuePacketsMax)
    {
        Name = name;
        MtuBytes = mtuBytes;
        _queuePacketsMax = queuePacketsMax;
        _peer = this;
    }

    public string Name { get; }

    public int MtuBytes { get; }

    public bool IsStopped => _isStopped;

    public TunCounters Counters => _counters.Snapshot();

    /// <summary>Makes two joined devices.</summary>
    /// <param name="mtuBytes">Writes above it are dropped as malformed.</param>
    /// <param name="queuePacketsMax">Packets that each direction holds before it drops.</param>
    public static (MemoryTunDevice Left, MemoryTunDevice Right) CreatePair(int mtuBytes = 1280, int queuePacketsMax = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytes, TunOptions.MtuBytesMin);
        ArgumentOutOfRangeException.ThrowIfLessThan(queuePacketsMax, 1);
        MemoryTunDevice left = new("memory-left", mtuBytes, queuePacketsMax);
        MemoryTunDevice right = new("memory-right", mtuBytes, queuePacketsMax);
        (left._peer, right._peer) = (right, left);
        return (left, right);
    }

    public bool TryRead(Span<byte> packet, out int bytes)
    {
        bytes = 0;
        lock (_inboundLock)
        {
            if (_isStopped || !_inbound.TryDequeue(out byte[]? next))
            {
                if (!_isStopped)
                {
                    _readable.Reset();
                }

                return false;
            }

            // A short buffer cuts the packet, as the kernel does.
            bytes = Math.Min(next.Length, packet.Length);
            next.AsSpan(0, bytes).CopyTo(packet);
        }

        _counters.Read(bytes);
        return true;
    }

    public bool WaitReadable()
    {
        _readable.Wait();
        return !_isStopped;
    }

    public int Read(Span<byte> packet)
    {
        int bytes;
        while (!TryRead(packet, out bytes) && WaitReadable())
        {
        }

        return bytes;
    }

    public bool TryWrite(ReadOnlySpan<byte> packet)
    {
        if (_isStopped || _peer._isStopped)
        {
            _counters.DroppedLinkDown();
            return false;
        }

        if (packet.IsEmpty || packet.Length > MtuBytes)
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

            _peer._inbound.Enqueue(packet.ToArray());
            _peer._readable.Set();
        }

        _counters.Written(packet.Length);
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
