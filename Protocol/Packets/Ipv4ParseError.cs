namespace OrleansUem.Protocol.Packets;

/// <summary>Why bytes are not an IPv4 packet. A drop reason: the numbers reach metrics and do not change.</summary>
public enum Ipv4ParseError : byte
{
    /// <summary>Not set: the bytes are a packet.</summary>
    None = 0,

    /// <summary>Fewer bytes than the smallest header (20) or than the header's own length.</summary>
    TooShort = 1,

    /// <summary>The version field is not 4; IPv6 comes here.</summary>
    NotVersion4 = 2,

    /// <summary>The header length field (IHL) is below 5 words.</summary>
    BadHeaderLength = 3,

    /// <summary>The total length field is below the header length or above the bytes at hand: a cut or made-up packet.</summary>
    BadTotalLength = 4,

    /// <summary>The header checksum is wrong (RFC 1122 §3.2.1.2: discard silently).</summary>
    BadChecksum = 5,

    /// <summary>A fragment that would end beyond 65535 bytes ("ping of death").</summary>
    FragmentBeyondEnd = 6,

    /// <summary>A first or whole TCP, UDP or ICMP packet whose transport header does not fit (RFC 1858 §3: tiny fragment).</summary>
    TransportTooShort = 7,
}
