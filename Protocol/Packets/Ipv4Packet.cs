using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// A checked view of one IPv4 packet (RFC 791 §3.1); copies nothing and lives as long as the bytes under it.
/// <code>
///   offset size field           check
///        0  4b  Version         4
///        0  4b  IHL             5..15 words, inside the bytes at hand
///        1    1 DSCP, ECN       any
///        2    2 TotalLength     at least the header, at most the bytes at hand; later bytes are ignored
///        4    2 Identification  any
///        6  3b  Flags           reserved bit any, DF, MF
///        6 13b  FragmentOffset  x 8 bytes; the fragment ends at or below 65535
///        8    1 TimeToLive      any; a forwarder checks it
///        9    1 Protocol        any; TCP, UDP and ICMP need a whole fixed header in a packet that is not a later fragment
///       10    2 HeaderChecksum  right
///       12    4 Source          any; a forwarder checks it
///       16    4 Destination     any
///       20    n Options         not interpreted
/// </code>
/// </summary>
public readonly ref struct Ipv4Packet
{
    /// <summary>A header without options.</summary>
    public const int HeaderBytesMin = 20;

    /// <summary>The largest packet: its length field has 16 bits.</summary>
    public const int PacketBytesMax = 65535;

    private const int TcpHeaderBytesMin = 20;
    private const int UdpHeaderBytes = 8;
    private const int IcmpHeaderBytes = 8;
    private const ushort DontFragmentBit = 0x4000;
    private const ushort MoreFragmentsBit = 0x2000;
    private const ushort FragmentOffsetMask = 0x1FFF;

    private Ipv4Packet(ReadOnlySpan<byte> bytes, int headerBytes)
    {
        Bytes = bytes;
        HeaderBytes = headerBytes;
    }

    /// <summary>The whole packet, <see cref="TotalBytes"/> long.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Header with options, 20 to 60 bytes.</summary>
    public int HeaderBytes { get; }

    /// <summary>Header and payload, as the length field says.</summary>
    public int TotalBytes => Bytes.Length;

    /// <summary>What follows the header; in a later fragment it does not start with a transport header.</summary>
    public ReadOnlySpan<byte> Payload => Bytes[HeaderBytes..];

    /// <summary>Groups the fragments of one datagram, together with source, destination and protocol.</summary>
    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(Bytes[4..]);

    /// <summary>The DF bit: a router answers "fragmentation needed" instead of fragmenting.</summary>
    public bool IsDontFragment => (FlagsAndOffset & DontFragmentBit) != 0;

    /// <summary>The MF bit: this is a fragment and not the last one.</summary>
    public bool HasMoreFragments => (FlagsAndOffset & MoreFragmentsBit) != 0;

    /// <summary>Where the payload belongs in the datagram, in bytes.</summary>
    public int FragmentOffsetBytes => (FlagsAndOffset & FragmentOffsetMask) * 8;

    /// <summary>True when the packet is a part of a datagram.</summary>
    public bool IsFragment => HasMoreFragments || FragmentOffsetBytes > 0;

    /// <summary>True when the packet is not the start of its datagram and therefore carries no ports.</summary>
    public bool IsLaterFragment => FragmentOffsetBytes > 0;

    /// <summary>Hops left; a router that would forward a packet with 1 drops it.</summary>
    public byte TimeToLive => Bytes[8];

    /// <summary>The payload's protocol; often a number outside the named members.</summary>
    public IpProtocolNumber Protocol => (IpProtocolNumber)Bytes[9];

    /// <summary>Sender.</summary>
    public Ipv4Address Source => Ipv4Address.Read(Bytes[12..]);

    /// <summary>Receiver.</summary>
    public Ipv4Address Destination => Ipv4Address.Read(Bytes[16..]);

    /// <summary>True when <see cref="SourcePort"/> and <see cref="DestinationPort"/> exist: TCP or UDP, and not a later fragment.</summary>
    public bool HasPorts => Protocol is IpProtocolNumber.Tcp or IpProtocolNumber.Udp && !IsLaterFragment;

    /// <summary>0 without <see cref="HasPorts"/>.</summary>
    public ushort SourcePort => HasPorts ? BinaryPrimitives.ReadUInt16BigEndian(Bytes[HeaderBytes..]) : (ushort)0;

    /// <summary>0 without <see cref="HasPorts"/>.</summary>
    public ushort DestinationPort => HasPorts ? BinaryPrimitives.ReadUInt16BigEndian(Bytes[(HeaderBytes + 2)..]) : (ushort)0;

    /// <summary>Addresses, protocol and ports; ports are 0 without <see cref="HasPorts"/>.</summary>
    public FiveTuple FiveTuple => new(Source, Destination, Protocol, SourcePort, DestinationPort);

    private ushort FlagsAndOffset => BinaryPrimitives.ReadUInt16BigEndian(Bytes[6..]);

    /// <summary>Checks and views a packet. Never throws, whatever the bytes.</summary>
    /// <param name="bytes">One packet from its first byte; bytes behind its length field are left out.</param>
    /// <param name="packet">The view; empty on failure and then not to be used.</param>
    /// <param name="error">The first check that failed, in the order of the table above.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv4Packet packet, out Ipv4ParseError error)
    {
        packet = default;
        error = CheckHeader(bytes, out int headerBytes, out int totalBytes);
        if (error != Ipv4ParseError.None)
        {
            return false;
        }

        Ipv4Packet candidate = new(bytes[..totalBytes], headerBytes);
        if (candidate.FragmentOffsetBytes + candidate.Payload.Length > PacketBytesMax - headerBytes)
        {
            error = Ipv4ParseError.FragmentBeyondEnd;
            return false;
        }

        if (!candidate.IsLaterFragment && candidate.Payload.Length < TransportBytesMin(candidate.Protocol))
        {
            error = Ipv4ParseError.TransportTooShort;
            return false;
        }

        // An offset of one unit (8 bytes) would overwrite the TCP flags of a first fragment that passed the policy.
        if (candidate.FragmentOffsetBytes == 8 && candidate.Protocol == IpProtocolNumber.Tcp)
        {
            error = Ipv4ParseError.TransportTooShort;
            return false;
        }

        packet = candidate;
        return true;
    }

    private static Ipv4ParseError CheckHeader(ReadOnlySpan<byte> bytes, out int headerBytes, out int totalBytes)
    {
        headerBytes = 0;
        totalBytes = 0;
        if (bytes.IsEmpty)
        {
            return Ipv4ParseError.TooShort;
        }

        if (bytes[0] >> 4 != 4)
        {
            return Ipv4ParseError.NotVersion4;
        }

        headerBytes = (bytes[0] & 0xF) * 4;
        if (headerBytes < HeaderBytesMin)
        {
            return Ipv4ParseError.BadHeaderLength;
        }

        if (bytes.Length < headerBytes)
        {
            return Ipv4ParseError.TooShort;
        }

        totalBytes = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (totalBytes < headerBytes || totalBytes > bytes.Length)
        {
            return Ipv4ParseError.BadTotalLength;
        }

        return InternetChecksum.Compute(bytes[..headerBytes]) == 0 ? Ipv4ParseError.None : Ipv4ParseError.BadChecksum;
    }

    private static int TransportBytesMin(IpProtocolNumber protocol) => protocol switch
    {
        IpProtocolNumber.Tcp => TcpHeaderBytesMin,
        IpProtocolNumber.Udp => UdpHeaderBytes,
        IpProtocolNumber.Icmp => IcmpHeaderBytes,
        _ => 0,
    };
}
