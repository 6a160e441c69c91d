using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// What was read from a TUN and is still to be sent. The kernel's own queue in a TUN knows neither flows nor times: whoever fills it delays all others. Here
/// <list type="bullet">
/// <item>a packet whose flow has nothing waiting goes before those of flows that have: a name to look up, a key that was pressed, an acknowledgement need not wait for a bulk transfer (the sparse flows of RFC 8290 §4.1);</item>
/// <item>the rest is first in, first out under <see cref="CoDel"/>: a queue that stands loses a packet now and then, until its senders slow down.</item>
/// </list>
/// The order within a flow is kept. Bounded in bytes and packets: what does not fit stays in the kernel. One owner; allocates nothing after construction.
/// </summary>
public sealed class TunBacklog
{
    /// <summary>Packets that go first, in one row: then one of the others has its turn.</summary>
    public const int SparseInARow = 16;

    // 1 MB where reads bring super-packets: a millisecond of 8 Gbit/s; 80 ms of 100 Mbit/s, of which CoDel leaves 5 standing.
    private const int ReadsInBuffer = 16;
    private const int BufferBytesMin = 128 * 1024;
    private const int BytesForAPacket = 256;

    private const int SparseMax = 64;
    private const int FlowBits = 8;

    private readonly CoDel _codel = new();
    private readonly byte[] _buffer;
    private readonly Entry[] _entries;
    private readonly int[] _sparse = new int[SparseMax];
    private readonly ushort[] _waiting = new ushort[1 << FlowBits];
    private readonly int _readBytesMax;
    private int _first;
    private int _count;
    private int _left;
    private int _sparseFirst;
    private int _sparseCount;
    private int _sparseInARow;
    private int _writeAt;

    /// <param name="readBytesMax">The longest read: see <see cref="ITunDevice.ReadBytesMax"/>.</param>
    public TunBacklog(int readBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(readBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(readBytesMax, Ipv4Packet.PacketBytesMax);
        _readBytesMax = readBytesMax;

        // Pinned: the kernel writes to it without the collector in the way.
        _buffer = GC.AllocateUninitializedArray<byte>(Math.Max(BufferBytesMin, ReadsInBuffer * readBytesMax), pinned: true);
        _entries = new Entry[_buffer.Length / BytesForAPacket];
    }

    /// <summary>Bytes at a time; what does not fit as a whole at the buffer's end is lost to it until the next round.</summary>
    public int BytesMax => _buffer.Length;

    /// <summary>Packets and super-packets at a time.</summary>
    public int PacketsMax => _entries.Length;

    /// <summary>True when nothing waits.</summary>
    public bool IsEmpty => _left == 0;

    /// <summary>Packets and super-packets that wait.</summary>
    public int Count => _left;

    /// <summary>Room for the longest read.</summary>
    /// <param name="room">Where it goes; valid until the next call of another method.</param>
    /// <returns>False when there is none: take something first.</returns>
    public bool TryGetRoom(out Span<byte> room)
    {
        room = default;
        SkipTaken();
        if (_count == _entries.Length)
        {
            return false;
        }

        if (_count == 0)
        {
            _writeAt = 0;
        }
        else if (_writeAt > _entries[_first].Offset)
        {
            // What is used ends at _writeAt; free is what follows it, and what is before the first.
            if (_buffer.Length - _writeAt < _readBytesMax)
            {
                if (_entries[_first].Offset < _readBytesMax)
                {
                    return false;
                }

                _writeAt = 0;
            }
        }
        else if (_entries[_first].Offset - _writeAt < _readBytesMax)
        {
            return false;
        }

        room = _buffer.AsSpan(_writeAt, _readBytesMax);
        return true;
    }

    /// <summary>Keeps what was read into the room.</summary>
    /// <param name="offload">Its header.</param>
    /// <param name="bytes">Its length, above zero.</param>
    /// <param name="now">The time.</param>
    public void Keep(in VirtioNetHeader offload, int bytes, TimeSpan now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        var flow = FlowHash.Of(_buffer.AsSpan(_writeAt, bytes), FlowBits);
        var index = (_first + _count) % _entries.Length;
        var isSparse = _waiting[flow] == 0 && _sparseCount < SparseMax;
        _entries[index] = new Entry { Offload = offload, Offset = _writeAt, Bytes = bytes, Since = now, Flow = (byte)flow, IsSparse = isSparse };
        _waiting[flow]++;
        if (isSparse)
        {
            _sparse[(_sparseFirst + _sparseCount++) % SparseMax] = index;
        }

        _count++;
        _left++;
        _writeAt += bytes;
    }

    /// <summary>Takes what is to be sent next.</summary>
    /// <param name="now">The time.</param>
    /// <param name="packet">As it was read; valid until the next call of another method.</param>
    /// <param name="offload">Its header.</param>
    /// <param name="isTooMuch">The queue stands: drop this, or where it is many packets one of them.</param>
    /// <returns>False when nothing waits.</returns>
    public bool TryTake(TimeSpan now, out Span<byte> packet, out VirtioNetHeader offload, out bool isTooMuch)
    {
        packet = default;
        offload = default;
        isTooMuch = false;
        SkipTaken();
        if (_left == 0)
        {
            return false;
        }

        // A flow's sparse packet is before its others: where the first of all is not sparse, none of its flow is.
        ref var first = ref _entries[_first];
        var isSparse = _sparseCount > 0 && (first.IsSparse || _sparseInARow < SparseInARow);
        ref var entry = ref isSparse ? ref _entries[_sparse[_sparseFirst]] : ref first;
        if (isSparse)
        {
            _sparseFirst = (_sparseFirst + 1) % SparseMax;
            _sparseCount--;
            _sparseInARow++;
        }
        else
        {
            _sparseInARow = 0;
            isTooMuch = _codel.ShouldDrop(now, now - entry.Since, isLast: _left == 1);
        }

        entry.IsTaken = true;
        _waiting[entry.Flow]--;
        _left--;
        packet = _buffer.AsSpan(entry.Offset, entry.Bytes);
        offload = entry.Offload;
        return true;
    }

    // The place of what went first is free when all before it is.
    private void SkipTaken()
    {
        while (_count > 0 && _entries[_first].IsTaken)
        {
            _first = (_first + 1) % _entries.Length;
            _count--;
        }
    }

    private struct Entry
    {
        public VirtioNetHeader Offload;
        public TimeSpan Since;
        public int Offset;
        public int Bytes;
        public byte Flow;
        public bool IsSparse;
        public bool IsTaken;
    }
}
