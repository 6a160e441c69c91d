using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// Joins the packets of a batch into super-packets, so that the kernel's stack is entered once for many: the inverse of <see cref="PacketSegmenter"/>. Packets of
/// several flows may be mixed. They are copied in; the owner takes all out at the end of the batch, so nothing is held by time.
/// <para>
/// Joined are whole IPv4 packets without options. TCP: same five-tuple, acknowledgement, window, TCP options, type of service, time to live and DF, no flag but ACK and,
/// on the last, PSH, in sequence. UDP: same five-tuple, type of service, time to live and DF, in order. Payloads have the size of the first, the last may be
/// shorter. IP identifications count up by one; with DF they may also all be the same, since they mean nothing then (RFC 6864 §4.1).
/// </para>
/// <para>
/// A super-packet carries an unfinished checksum, which makes whatever bytes are in it valid. So each packet's IP and transport checksum is verified before it is joined, in the
/// pass that copies it; one that is wrong, or that a UDP sender left out, goes on alone and untouched, for its receiver to judge.
/// </para>
/// <para>Packets of one flow come out in the order in which they went in. Not for concurrent use; allocates nothing after construction.</para>
/// </summary>
public sealed class PacketCoalescer
{
    /// <summary>Room for the packets of a batch: two receive buffers of the largest UDP datagram.</summary>
    public const int BufferBytes = 128 * 1024;

    /// <summary>Packets of a batch: <see cref="BufferBytes"/> of 128-byte packets.</summary>
    public const int PacketsMax = 1024;

    /// <summary>UDP_MAX_SEGMENTS of kernels before 6.11; later ones take 128.</summary>
    public const int UdpJoinedMax = 64;

    /// <summary>Bounds the pieces of a super-packet; at the MTU of a tunnel the length of an IP packet is reached with 48.</summary>
    public const int TcpJoinedMax = 128;

    // A set of four is searched and replaced in turn: eight flows at once then rarely drive each other out, and a set is two cache lines.
    private const int SlotBits = 7;
    private const int Ways = 4;

    private readonly bool _joinsUdp;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly CoalescingGroup[] _groups = new CoalescingGroup[PacketsMax];
    private readonly BufferSlice[] _slices = new BufferSlice[PacketsMax];
    private readonly int[] _nextSlice = new int[PacketsMax];
    private readonly BufferSlice[] _takenSlices = new BufferSlice[TcpJoinedMax];
    private readonly FlowSlot[] _slots = new FlowSlot[1 << SlotBits];
    private long _epoch = 1;
    private int _used;
    private int _groupCount;
    private int _sliceCount;
    private int _takenCount;
    private int _victim;

    /// <summary>Prepares one.</summary>
    /// <param name="joinsUdp">False: UDP packets come out as they came in, for a kernel that can't take UDP super-packets (before 6.2).</param>
    public PacketCoalescer(bool joinsUdp) => _joinsUdp = joinsUdp;

    private enum Kind
    {
        /// <summary>Of no flow that could be joined: ICMP, not IPv4, garbage.</summary>
        Alone,

        /// <summary>Of a flow, and to stay alone: what is open of the flow ends before it.</summary>
        EndsFlow,

        /// <summary>Of a flow that can't be told: a fragment or a packet with IP options. All that is open ends before it.</summary>
        EndsAll,

        /// <summary>May be joined.</summary>
        Joinable,
    }

    /// <summary>True when nothing waits to be taken.</summary>
    public bool IsEmpty => _groupCount == 0;

    /// <summary>Copies a packet in.</summary>
    /// <param name="packet">1 to 65535 bytes; anything that is not a sound packet comes out as it is.</param>
    /// <returns>False when it has no room, or not all has been taken: take everything out and add it again.</returns>
    public bool TryAdd(ReadOnlySpan<byte> packet)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(packet.Length, Ipv4Packet.PacketBytesMax);
        if (_used + packet.Length > BufferBytes || _groupCount == PacketsMax || _sliceCount == PacketsMax || _takenCount > 0)
        {
            return false;
        }

        switch (Classify(packet, out int headerBytes))
        {
            case Kind.Joinable:
                AddJoinable(packet, headerBytes);
                break;
            case Kind.EndsFlow:
                FlowKey key = FlowKey.Read(packet);
                ref FlowSlot slot = ref FindSlot(key);
                slot.Epoch = slot.IsOf(key, _epoch) ? 0 : slot.Epoch;
                AddAlone(packet);
                break;
            case Kind.EndsAll:
                _epoch++;
                AddAlone(packet);
                break;
            default:
                AddAlone(packet);
                break;
        }

        return true;
    }

    /// <summary>Takes the next packet or super-packet out; valid until the next call of any method.</summary>
    /// <returns>False when all is taken; the batch is then forgotten and the next one may begin.</returns>
    public bool TryTake(out CoalescedPacket packet)
    {
        if (_takenCount == _groupCount)
        {
            (_used, _groupCount, _sliceCount, _takenCount) = (0, 0, 0, 0);
            _epoch++;
            packet = default;
            return false;
        }

        ref CoalescingGroup group = ref _groups[_takenCount++];
        int slices = 0;
        for (int i = group.FirstSlice; i >= 0; i = _nextSlice[i])
        {
            _takenSlices[slices++] = _slices[i];
        }

        VirtioNetHeader offload = group.Packets == 1 ? default : group.Finish(_buffer.AsSpan(_takenSlices[0].Offset, group.HeaderBytes));
        packet = new CoalescedPacket(offload, _buffer, _takenSlices.AsSpan(0, slices), group.Packets, group.Bytes);
        return true;
    }

    private Kind Classify(ReadOnlySpan<byte> packet, out int headerBytes)
    {
        headerBytes = 0;
        if (packet.Length < Ipv4Packet.HeaderBytesMin || packet[0] >> 4 != 4)
        {
            return Kind.Alone;
        }

        byte protocol = packet[Ipv4Header.ProtocolOffset];
        if (protocol is not ((byte)IpProtocolNumber.Tcp or (byte)IpProtocolNumber.Udp))
        {
            return Kind.Alone;
        }

        if ((packet[0] & 0xF) * 4 != Ipv4Packet.HeaderBytesMin
            || packet.Length < Ipv4Packet.HeaderBytesMin + UdpHeader.Bytes
            || BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.TotalLengthOffset..]) != packet.Length
            || (BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.FragmentOffset..]) & Ipv4Header.FragmentMask) != 0)
        {
            return Kind.EndsAll;
        }

        ReadOnlySpan<byte> transport = packet[Ipv4Packet.HeaderBytesMin..];
        bool isJoinable = protocol == (byte)IpProtocolNumber.Tcp
            ? IsJoinableTcp(transport, out headerBytes)
            : _joinsUdp && IsJoinableUdp(transport, out headerBytes);
        headerBytes += Ipv4Packet.HeaderBytesMin;
        return isJoinable && InternetChecksum.Compute(packet[..Ipv4Packet.HeaderBytesMin]) == 0 ? Kind.Joinable : Kind.EndsFlow;
    }

    private static bool IsJoinableTcp(ReadOnlySpan<byte> transport, out int headerBytes)
    {
        headerBytes = transport.Length < TcpHeader.BytesMin ? 0 : TcpHeader.BytesOf(transport);
        return headerBytes >= TcpHeader.BytesMin
            && headerBytes < transport.Length
            && (transport[TcpHeader.FlagsOffset] & ~TcpHeader.Push) == TcpHeader.Acknowledge;
    }

    private static bool IsJoinableUdp(ReadOnlySpan<byte> transport, out int headerBytes)
    {
        headerBytes = UdpHeader.Bytes;
        return transport.Length > UdpHeader.Bytes
            && BinaryPrimitives.ReadUInt16BigEndian(transport[UdpHeader.LengthOffset..]) == transport.Length
            && BinaryPrimitives.ReadUInt16BigEndian(transport[UdpHeader.ChecksumOffset..]) != 0;
    }

    private void AddJoinable(ReadOnlySpan<byte> packet, int headerBytes)
    {
        FlowKey key = FlowKey.Read(packet);
        ref FlowSlot slot = ref FindSlot(key);
        bool isKnown = slot.IsOf(key, _epoch);
        if (isKnown)
        {
            ref CoalescingGroup group = ref _groups[slot.Group];
            if (group.Fits(packet, _buffer.AsSpan(_slices[group.FirstSlice].Offset, group.HeaderBytes)))
            {
                if (!TryAppend(ref group, packet))
                {
                    slot.Epoch = 0;
                    AddAlone(packet);
                }

                return;
            }
        }

        Span<byte> place = _buffer.AsSpan(_used, packet.Length);
        packet[..Ipv4Packet.HeaderBytesMin].CopyTo(place);
        ulong sum = InternetChecksum.CopyAndAdd(
            PseudoSum(packet), packet[Ipv4Packet.HeaderBytesMin..], place[Ipv4Packet.HeaderBytesMin..]);
        int begun = Commit(packet.Length);
        bool isSound = InternetChecksum.Finish(sum) == 0;
        if (isSound)
        {
            _groups[begun].Open(packet, headerBytes);
            slot = new FlowSlot { Key = key, Group = begun, Epoch = _epoch };
        }
        else if (isKnown)
        {
            slot.Epoch = 0;
        }
    }

    // False when the packet's checksum is wrong; nothing has changed then.
    private bool TryAppend(ref CoalescingGroup group, ReadOnlySpan<byte> packet)
    {
        ReadOnlySpan<byte> payload = packet[group.HeaderBytes..];
        ulong sum = InternetChecksum.Add(PseudoSum(packet), packet[Ipv4Packet.HeaderBytesMin..group.HeaderBytes]);
        sum = InternetChecksum.CopyAndAdd(sum, payload, _buffer.AsSpan(_used));
        if (InternetChecksum.Finish(sum) != 0)
        {
            return false;
        }

        ref BufferSlice last = ref _slices[group.LastSlice];
        if (last.End == _used)
        {
            last = last with { Bytes = last.Bytes + payload.Length };
        }
        else
        {
            _nextSlice[group.LastSlice] = _sliceCount;
            group.LastSlice = _sliceCount;
            PutSlice(payload.Length);
        }

        _used += payload.Length;
        group.Append(packet);
        return true;
    }

    private void AddAlone(ReadOnlySpan<byte> packet)
    {
        packet.CopyTo(_buffer.AsSpan(_used));
        Commit(packet.Length);
    }

    private int Commit(int bytes)
    {
        _groups[_groupCount] = new CoalescingGroup { FirstSlice = _sliceCount, LastSlice = _sliceCount, Packets = 1, Bytes = bytes };
        PutSlice(bytes);
        _used += bytes;
        return _groupCount++;
    }

    private void PutSlice(int bytes)
    {
        _slices[_sliceCount] = new BufferSlice(_used, bytes);
        _nextSlice[_sliceCount++] = -1;
    }

    // The flow's slot, or the one that it is to take over: an unused one of its set, or the next in turn, whose flow can then be joined no further.
    private ref FlowSlot FindSlot(in FlowKey key)
    {
        int set = key.Slot(SlotBits) & ~(Ways - 1);
        int free = -1;
        for (int i = set; i < set + Ways; i++)
        {
            if (_slots[i].IsOf(key, _epoch))
            {
                return ref _slots[i];
            }

            free = _slots[i].Epoch == _epoch ? free : i;
        }

        return ref _slots[free >= 0 ? free : set + (_victim++ & (Ways - 1))];
    }

    private static ulong PseudoSum(ReadOnlySpan<byte> packet) => InternetChecksum.PseudoHeader(
        Ipv4Address.Read(packet[Ipv4Header.SourceOffset..]),
        Ipv4Address.Read(packet[Ipv4Header.DestinationOffset..]),
        (IpProtocolNumber)packet[Ipv4Header.ProtocolOffset],
        (ushort)(packet.Length - Ipv4Packet.HeaderBytesMin));

    private struct FlowSlot
    {
        public FlowKey Key;
        public int Group;
        public long Epoch;

        public readonly bool IsOf(in FlowKey key, long epoch) => Epoch == epoch && Key == key;
    }
}
