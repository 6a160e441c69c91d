using System.Buffers.Binary;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// Cuts what a TUN with offload hands over into the packets that go over a network: a TCP or UDP super-packet over IPv4 into packets of its segment size, a packet
/// whose checksum is still to be made into the finished one, and leaves any other packet as it is. The result is what the kernel's own software segmentation makes
/// (net/ipv4/tcp_offload.c, udp_offload.c), and a test compares the two.
/// <para>
/// In place: each packet is made in the super-packet's own buffer, its headers written over the end of the packet before it, so nothing is copied. A packet
/// is therefore valid until the next <see cref="MoveNext"/> only, and the super-packet is gone when the first one has been made.
/// </para>
/// <para>
/// Segment k has IP identification + k, total length and checksum of its own; TCP sequence number + k × segment size, FIN and PSH on the last alone, CWR on the first
/// alone (RFC 3168 §6.1.2); UDP its own length. Everything else, IP and TCP options included, is copied from the super-packet.
/// </para>
/// </summary>
public ref struct PacketSegmenter
{
    private readonly Span<byte> _packet;
    private readonly int _ipHeaderBytes;
    private readonly int _headerBytes;
    private readonly int _segmentBytes;
    private readonly bool _isTcp;
    private readonly byte _tcpFlags;
    private readonly ushort _identification;
    private readonly uint _sequence;

    // Of the IP header without total length, identification and checksum, and of the pseudo-header without its length.
    private readonly ulong _ipSum;
    private readonly ulong _pseudoSum;
    private int _next;
    private int _done;

    private PacketSegmenter(Span<byte> packet)
    {
        _packet = packet;
        _segmentBytes = packet.Length;
        PacketBytesMax = packet.Length;
        Count = 1;
    }

    private PacketSegmenter(Span<byte> packet, int ipHeaderBytes, int headerBytes, int segmentBytes)
    {
        _packet = packet;
        _ipHeaderBytes = ipHeaderBytes;
        _headerBytes = headerBytes;
        _next = headerBytes;
        int payloadBytes = packet.Length - headerBytes;
        _segmentBytes = Math.Min(segmentBytes, payloadBytes);
        PacketBytesMax = headerBytes + _segmentBytes;
        Count = (payloadBytes + _segmentBytes - 1) / _segmentBytes;

        _isTcp = packet[Ipv4Header.ProtocolOffset] == (byte)IpProtocolNumber.Tcp;
        if (_isTcp)
        {
            ReadOnlySpan<byte> tcp = packet[ipHeaderBytes..];
            _tcpFlags = tcp[TcpHeader.FlagsOffset];
            _sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpHeader.SequenceOffset..]);
        }

        _identification = BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.IdentificationOffset..]);
        Span<byte> ip = packet[..ipHeaderBytes];
        ip.Slice(Ipv4Header.TotalLengthOffset, 4).Clear();
        ip.Slice(Ipv4Header.ChecksumOffset, 2).Clear();
        _ipSum = InternetChecksum.Add(0, ip);
        _pseudoSum = InternetChecksum.PseudoHeader(
            Ipv4Address.Read(ip[Ipv4Header.SourceOffset..]),
            Ipv4Address.Read(ip[Ipv4Header.DestinationOffset..]),
            (IpProtocolNumber)ip[Ipv4Header.ProtocolOffset],
            segmentBytes: 0);
    }

    /// <summary>How many packets come out, at least 1.</summary>
    public readonly int Count { get; }

    /// <summary>The length of the longest of them: to be compared with an MTU before the first is made.</summary>
    public readonly int PacketBytesMax { get; }

    /// <summary>The packet that <see cref="MoveNext"/> made; valid until its next call.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Checks a packet with its header and prepares to cut it.</summary>
    /// <param name="offload">What the kernel asks for.</param>
    /// <param name="packet">One packet or super-packet; changed by this call and by each <see cref="MoveNext"/>.</param>
    /// <param name="segmenter">The packets; to be used when the result is Unspecified.</param>
    /// <returns>
    /// <see cref="DropReason.Unspecified"/>; <see cref="DropReason.NotIpv4"/> for a super-packet over another protocol than IPv4; <see cref="DropReason.BadOffload"/>
    /// when header and packet do not fit each other. A plain packet that asks for nothing is not looked at.
    /// </returns>
    public static DropReason TryCreate(in VirtioNetHeader offload, Span<byte> packet, out PacketSegmenter segmenter)
    {
        segmenter = default;
        if (packet.IsEmpty || packet.Length > Ipv4Packet.PacketBytesMax)
        {
            return DropReason.BadOffload;
        }

        if (offload.Segmentation == VirtioSegmentation.None)
        {
            if (offload.NeedsChecksum && !TryFinishChecksum(offload, packet))
            {
                return DropReason.BadOffload;
            }

            segmenter = new PacketSegmenter(packet);
            return DropReason.Unspecified;
        }

        if (packet[0] >> 4 != 4)
        {
            return packet[0] >> 4 == 6 ? DropReason.NotIpv4 : DropReason.BadOffload;
        }

        if (!TryMeasure(offload, packet, out int ipHeaderBytes, out int headerBytes))
        {
            return DropReason.BadOffload;
        }

        segmenter = new PacketSegmenter(packet, ipHeaderBytes, headerBytes, offload.SegmentBytes);
        return DropReason.Unspecified;
    }

    /// <summary>Makes the next packet.</summary>
    /// <returns>False after the last one.</returns>
    public bool MoveNext()
    {
        if (_next >= _packet.Length)
        {
            Current = default;
            return false;
        }

        if (_headerBytes == 0)
        {
            Current = _packet;
            _next = _packet.Length;
            return true;
        }

        int payloadBytes = Math.Min(_segmentBytes, _packet.Length - _next);
        int start = _next - _headerBytes;
        if (_done > 0)
        {
            // The headers walk through the buffer; with a payload shorter than they are, source and target overlap.
            _packet.Slice(start - _segmentBytes, _headerBytes).CopyTo(_packet[start..]);
        }

        Span<byte> made = _packet.Slice(start, _headerBytes + payloadBytes);
        _next += payloadBytes;
        WriteIp(made);
        if (_isTcp)
        {
            WriteTcp(made[_ipHeaderBytes..]);
        }
        else
        {
            WriteUdp(made[_ipHeaderBytes..]);
        }

        _done++;
        Current = made;
        return true;
    }

    private readonly void WriteIp(Span<byte> made)
    {
        ushort identification = (ushort)(_identification + _done);
        BinaryPrimitives.WriteUInt16BigEndian(made[Ipv4Header.TotalLengthOffset..], (ushort)made.Length);
        BinaryPrimitives.WriteUInt16BigEndian(made[Ipv4Header.IdentificationOffset..], identification);
        ushort checksum = InternetChecksum.Finish(_ipSum + (uint)made.Length + identification);
        BinaryPrimitives.WriteUInt16BigEndian(made[Ipv4Header.ChecksumOffset..], checksum);
    }

    private readonly void WriteTcp(Span<byte> segment)
    {
        bool isLast = _next >= _packet.Length;
        int cleared = (isLast ? 0 : TcpHeader.Fin | TcpHeader.Push) | (_done == 0 ? 0 : TcpHeader.CongestionWindowReduced);
        segment[TcpHeader.FlagsOffset] = (byte)(_tcpFlags & ~cleared);
        BinaryPrimitives.WriteUInt32BigEndian(segment[TcpHeader.SequenceOffset..], _sequence + (uint)(_done * _segmentBytes));
        segment.Slice(TcpHeader.ChecksumOffset, 2).Clear();
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(_pseudoSum + (uint)segment.Length, segment));
        BinaryPrimitives.WriteUInt16BigEndian(segment[TcpHeader.ChecksumOffset..], checksum);
    }

    private readonly void WriteUdp(Span<byte> segment)
    {
        BinaryPrimitives.WriteUInt16BigEndian(segment[UdpHeader.LengthOffset..], (ushort)segment.Length);
        segment.Slice(UdpHeader.ChecksumOffset, 2).Clear();
        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(_pseudoSum + (uint)segment.Length, segment));
        BinaryPrimitives.WriteUInt16BigEndian(segment[UdpHeader.ChecksumOffset..], checksum == 0 ? UdpHeader.ZeroChecksum : checksum);
    }

    // The checksum field holds the pseudo-header's sum, so summing from the start of the transport header covers both. 0 becomes 0xFFFF
    // whatever the protocol, as skb_checksum_help does it: the same number in ones' complement, and only UDP tells them apart.
    private static bool TryFinishChecksum(in VirtioNetHeader offload, Span<byte> packet)
    {
        int start = offload.ChecksumStart;
        int place = start + offload.ChecksumOffset;
        if (place + 2 > packet.Length || start < Ipv4Packet.HeaderBytesMin)
        {
            return false;
        }

        ushort checksum = InternetChecksum.Finish(InternetChecksum.Add(0, packet[start..]));
        BinaryPrimitives.WriteUInt16BigEndian(packet[place..], checksum == 0 ? UdpHeader.ZeroChecksum : checksum);
        return true;
    }

    private static bool TryMeasure(in VirtioNetHeader offload, ReadOnlySpan<byte> packet, out int ipHeaderBytes, out int headerBytes)
    {
        ipHeaderBytes = (packet[0] & 0xF) * 4;
        headerBytes = 0;
        if (ipHeaderBytes < Ipv4Packet.HeaderBytesMin
            || packet.Length < ipHeaderBytes
            || BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.TotalLengthOffset..]) != packet.Length
            || (BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.FragmentOffset..]) & Ipv4Header.FragmentMask) != 0
            || InternetChecksum.Compute(packet[..ipHeaderBytes]) != 0)
        {
            return false;
        }

        int checksumOffset;
        bool isTransportSound;
        ReadOnlySpan<byte> transport = packet[ipHeaderBytes..];
        switch (offload.Segmentation)
        {
            case VirtioSegmentation.Tcp4:
                checksumOffset = TcpHeader.ChecksumOffset;
                isTransportSound = packet[Ipv4Header.ProtocolOffset] == (byte)IpProtocolNumber.Tcp && TryMeasureTcp(transport, out headerBytes);
                break;
            case VirtioSegmentation.UdpDatagrams:
                checksumOffset = UdpHeader.ChecksumOffset;
                headerBytes = UdpHeader.Bytes;
                isTransportSound = packet[Ipv4Header.ProtocolOffset] == (byte)IpProtocolNumber.Udp
                    && transport.Length >= UdpHeader.Bytes
                    && BinaryPrimitives.ReadUInt16BigEndian(transport[UdpHeader.LengthOffset..]) == transport.Length;
                break;
            default:
                return false;
        }

        headerBytes += ipHeaderBytes;
        bool isChecksumPlaced = !offload.NeedsChecksum || (offload.ChecksumStart == ipHeaderBytes && offload.ChecksumOffset == checksumOffset);
        return isTransportSound && isChecksumPlaced && offload.SegmentBytes > 0 && packet.Length > headerBytes;
    }

    // SYN and RST are of one packet by their nature; cut in two they would be something else.
    private static bool TryMeasureTcp(ReadOnlySpan<byte> transport, out int tcpHeaderBytes)
    {
        tcpHeaderBytes = transport.Length < TcpHeader.BytesMin ? 0 : TcpHeader.BytesOf(transport);
        return tcpHeaderBytes >= TcpHeader.BytesMin
            && tcpHeaderBytes <= transport.Length
            && (transport[TcpHeader.FlagsOffset] & (TcpHeader.Syn | TcpHeader.Reset)) == 0;
    }
}
