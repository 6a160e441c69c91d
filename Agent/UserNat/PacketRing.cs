using System.Buffers.Binary;

namespace OrleansUem.Agent.UserNat;

/// <summary>
/// Packets in the order they came, in one buffer that is allocated once. Each lies in one piece: its length in four bytes, then itself, to a multiple of four; a length of
/// -1 says that the next one begins at the start. Full means refused. Not for concurrent use.
/// </summary>
internal sealed class PacketRing
{
    private const int LengthBytes = sizeof(int);
    private const int Skip = -1;

    private readonly byte[] _buffer;
    private int _head;
    private int _tail;
    private int _used;

    /// <param name="capacityBytes">A multiple of 4; four bytes of it go to each packet's length.</param>
    public PacketRing(int capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, 64);
        ArgumentOutOfRangeException.ThrowIfNotEqual(capacityBytes % LengthBytes, 0);
        _buffer = GC.AllocateUninitializedArray<byte>(capacityBytes, pinned: true);
    }

    public bool IsEmpty => _used == 0;

    /// <summary>Bytes in use, lengths and gaps included.</summary>
    public int UsedBytes => _used;

    /// <summary>Makes room for a packet behind the last one; it is there from now on, so the caller fills it before anybody reads.</summary>
    /// <param name="bytes">Its length, at least 1.</param>
    /// <param name="space">Where it goes.</param>
    /// <returns>False when there is no room in one piece.</returns>
    public bool TryAdd(int bytes, out Span<byte> space)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        space = default;
        var needed = LengthBytes + ((bytes + LengthBytes - 1) & ~(LengthBytes - 1));
        var toEnd = _buffer.Length - _tail;
        var gap = needed > toEnd ? toEnd : 0;
        if (needed + gap > _buffer.Length - _used)
        {
            return false;
        }

        if (gap > 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_tail), Skip);
            _tail = 0;
        }

        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_tail), bytes);
        space = _buffer.AsSpan(_tail + LengthBytes, bytes);
        _tail = Next(_tail, needed);
        _used += needed + gap;
        return true;
    }

    /// <summary>The oldest packet; its bytes stay where they are until <see cref="Remove"/>.</summary>
    public bool TryPeek(out Span<byte> packet)
    {
        if (_used == 0)
        {
            packet = default;
            return false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_head));
        if (length == Skip)
        {
            _used -= _buffer.Length - _head;
            _head = 0;
            length = BinaryPrimitives.ReadInt32LittleEndian(_buffer);
        }

        packet = _buffer.AsSpan(_head + LengthBytes, length);
        return true;
    }

    /// <summary>Drops the packet that <see cref="TryPeek"/> gave.</summary>
    public void Remove()
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_head));
        var taken = LengthBytes + ((length + LengthBytes - 1) & ~(LengthBytes - 1));
        _head = Next(_head, taken);
        _used -= taken;
    }

    private int Next(int position, int bytes) => position + bytes == _buffer.Length ? 0 : position + bytes;
}
