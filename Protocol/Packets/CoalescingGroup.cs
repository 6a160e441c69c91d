using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// The packets of a batch that come out as one: what of the first packet's header the next must repeat, and what the joined header will say. Its bytes are
/// <see cref="PacketCoalescer"/>'s business.
/// </summary>
internal struct CoalescingGroup
{
    private const int IdentificationAnyStep = -1;

    private bool _isOpen;
    private bool _isTcp;
    private bool _hasPush;
    private int _segmentBytes;
    private int _totalBytes;
    private uint _nextSequence;
    private ushort _lastIdentification;
    private int _identificationStep;

    /// <summary>Index of the first piece.</summary>
    public int FirstSlice;

    /// <summary>Index of the last piece.</summary>
    public int LastSlice;

    /// <summary>Packets joined, 1 or more.</summary>
    public int Packets;

    /// <summary>Bytes of those packets with all their headers.</summary>
    public int Bytes;

    /// <summary>IP and transport header of each packet; 0 until <see cref="Open"/>.</summary>
    public int HeaderBytes;

    /// <summary>Makes the group's one packet the first of a super-packet.</summary>
    public void Open(ReadOnlySpan<byte> packet, int headerBytes)
    {
        _isTcp = packet[Ipv4Header.ProtocolOffset] == (byte)IpProtocolNumber.Tcp;
        HeaderBytes = headerBytes;
        _segmentBytes = packet.Length - headerBytes;
        _totalBytes = headerBytes;
        _identificationStep = IdentificationAnyStep;
        Take(packet);
    }

    /// <summary>True when the packet may follow; its checksums are not looked at.</summary>
    /// <param name="packet">A joinable packet of the flow.</param>
    /// <param name="first">The header of the group's first packet.</param>
    public readonly bool Fits(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> first)
    {
        int payloadBytes = packet.Length - HeaderBytes;
        return _isOpen
            && payloadBytes > 0
            && payloadBytes <= _segmentBytes
            && _totalBytes + payloadBytes <= Ipv4Packet.PacketBytesMax
            && Packets < (_isTcp ? PacketCoalescer.TcpJoinedMax : PacketCoalescer.UdpJoinedMax)
            && HasSameIpHeader(packet, first)
            && (!_isTcp || HasSameTcpHeader(packet[Ipv4Packet.HeaderBytesMin..HeaderBytes], first[Ipv4Packet.HeaderBytesMin..]));
    }

    /// <summary>Counts a packet that fits and whose payload has been put behind the others.</summary>
    public void Append(ReadOnlySpan<byte> packet)
    {
        _identificationStep = (ushort)(Identification(packet) - _lastIdentification);
        Packets++;
        Bytes += packet.Length;
        Take(packet);
    }

    /// <summary>Makes the first packet's header that of the super-packet.</summary>
    /// <param name="header">The header of the first packet, in place.</param>
    /// <returns>What the kernel is to be told.</returns>
    public readonly VirtioNetHeader Finish(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt16BigEndian(header[Ipv4Header.TotalLengthOffset..], (ushort)_totalBytes);
        Span<byte> ip = header[..Ipv4Packet.HeaderBytesMin];
        ip.Slice(Ipv4Header.ChecksumOffset, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(ip[Ipv4Header.ChecksumOffset..], InternetChecksum.Compute(ip));

        int transportBytes = _totalBytes - Ipv4Packet.HeaderBytesMin;
        ushort unfinished = InternetChecksum.Fold(InternetChecksum.PseudoHeader(
            Ipv4Address.Read(ip[Ipv4Header.SourceOffset..]),
            Ipv4Address.Read(ip[Ipv4Header.DestinationOffset..]),
            _isTcp ? IpProtocolNumber.Tcp : IpProtocolNumber.Udp,
            (ushort)transportBytes));
        Span<byte> transport = header[Ipv4Packet.HeaderBytesMin..];
        int checksumOffset = _isTcp ? TcpHeader.ChecksumOffset : UdpHeader.ChecksumOffset;
        BinaryPrimitives.WriteUInt16BigEndian(transport[checksumOffset..], unfinished);
        if (_isTcp)
        {
            transport[TcpHeader.FlagsOffset] |= _hasPush ? TcpHeader.Push : (byte)0;
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[UdpHeader.LengthOffset..], (ushort)transportBytes);
        }

        return new VirtioNetHeader
        {
            NeedsChecksum = true,
            Segmentation = _isTcp ? VirtioSegmentation.Tcp4 : VirtioSegmentation.UdpDatagrams,
            HeaderBytes = (ushort)HeaderBytes,
            SegmentBytes = (ushort)_segmentBytes,
            ChecksumStart = Ipv4Packet.HeaderBytesMin,
            ChecksumOffset = (ushort)checksumOffset,
        };
    }

    // A shorter payload or PSH is the last of a super-packet: the segmenter makes neither before the end.
    private void Take(ReadOnlySpan<byte> packet)
    {
        int payloadBytes = packet.Length - HeaderBytes;
        _totalBytes += payloadBytes;
        _lastIdentification = Identification(packet);
        if (_isTcp)
        {
            ReadOnlySpan<byte> tcp = packet[Ipv4Packet.HeaderBytesMin..];
            _nextSequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpHeader.SequenceOffset..]) + (uint)payloadBytes;
            _hasPush = (tcp[TcpHeader.FlagsOffset] & TcpHeader.Push) != 0;
        }

        _isOpen = payloadBytes == _segmentBytes && !_hasPush;
    }

    private readonly bool HasSameIpHeader(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> first)
    {
        int step = (ushort)(Identification(packet) - _lastIdentification);
        ushort fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.FragmentOffset..]);
        bool isAtomic = (fragment & Ipv4Header.DontFragment) != 0;
        return (step == 1 || (step == 0 && isAtomic))
            && (_identificationStep == IdentificationAnyStep || _identificationStep == step)
            && fragment == BinaryPrimitives.ReadUInt16BigEndian(first[Ipv4Header.FragmentOffset..])
            && packet[1] == first[1]
            && packet[Ipv4Header.TimeToLiveOffset] == first[Ipv4Header.TimeToLiveOffset];
    }

    // Everything but the ports, which are the flow's, sequence, flags and checksum. A first packet with PSH is never open.
    private readonly bool HasSameTcpHeader(ReadOnlySpan<byte> tcp, ReadOnlySpan<byte> first) =>
        BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpHeader.SequenceOffset..]) == _nextSequence
        && tcp[TcpHeader.AcknowledgementOffset..TcpHeader.FlagsOffset].SequenceEqual(first[TcpHeader.AcknowledgementOffset..TcpHeader.FlagsOffset])
        && tcp[TcpHeader.WindowOffset..TcpHeader.ChecksumOffset].SequenceEqual(first[TcpHeader.WindowOffset..TcpHeader.ChecksumOffset])
        && tcp[TcpHeader.UrgentOffset..].SequenceEqual(first[TcpHeader.UrgentOffset..]);

    private static ushort Identification(ReadOnlySpan<byte> packet) =>
        BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.IdentificationOffset..]);
}
