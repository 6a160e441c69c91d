using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.UserNat;

/// <summary>A <see cref="PacketRing"/> between threads: any number that add, one that takes. The taker reads a packet in place, without the lock.</summary>
/// <param name="capacityBytes">What it holds before it refuses.</param>
internal sealed class PacketQueue(int capacityBytes)
{
    private readonly Lock _lock = new();
    private readonly PacketRing _ring = new(capacityBytes);
    private bool _isAwaited;

    /// <summary>Room for packets of any length, as it was a moment ago.</summary>
    public int FreeBytes
    {
        get
        {
            lock (_lock)
            {
                return capacityBytes - _ring.UsedBytes;
            }
        }
    }

    /// <summary>Adds a packet, or refuses it when there is no room.</summary>
    /// <param name="head">What stands before it.</param>
    /// <param name="buffer">The buffer of the slices.</param>
    /// <param name="slices">The packet.</param>
    /// <param name="isAwaited">True: the taker went to sleep and the caller is to wake it.</param>
    public bool TryAdd(ReadOnlySpan<byte> head, ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, out bool isAwaited)
    {
        var bytes = head.Length;
        foreach (var slice in slices)
        {
            bytes += slice.Bytes;
        }

        lock (_lock)
        {
            isAwaited = false;
            if (!_ring.TryAdd(bytes, out var space))
            {
                return false;
            }

            head.CopyTo(space);
            var rest = space[head.Length..];
            foreach (var slice in slices)
            {
                buffer.Slice(slice.Offset, slice.Bytes).CopyTo(rest);
                rest = rest[slice.Bytes..];
            }

            (isAwaited, _isAwaited) = (_isAwaited, false);
            return true;
        }
    }

    /// <summary>The oldest packet, for the taker alone until <see cref="Remove"/>.</summary>
    public bool TryPeek(out Span<byte> packet)
    {
        lock (_lock)
        {
            return _ring.TryPeek(out packet);
        }
    }

    /// <summary>Frees the place of the packet that <see cref="TryPeek"/> gave.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _ring.Remove();
        }
    }

    /// <summary>The taker is about to sleep: the next packet tells its adder to wake it.</summary>
    /// <returns>False: there is a packet already.</returns>
    public bool Await()
    {
        lock (_lock)
        {
            _isAwaited = _ring.IsEmpty;
            return _isAwaited;
        }
    }
}
