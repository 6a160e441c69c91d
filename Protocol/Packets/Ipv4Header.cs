namespace OrleansUem.Protocol.Packets;

/// <summary>Offsets and bits of an IPv4 header (RFC 791 §3.1) for code that changes packets; <see cref="Ipv4Packet"/> reads them.</summary>
internal static class Ipv4Header
{
    public const int TotalLengthOffset = 2;
    public const int IdentificationOffset = 4;
    public const int FragmentOffset = 6;
    public const int TimeToLiveOffset = 8;
    public const int ProtocolOffset = 9;
    public const int ChecksumOffset = 10;
    public const int SourceOffset = 12;
    public const int DestinationOffset = 16;

    public const ushort DontFragment = 0x4000;

    /// <summary>MF and the fragment offset: not zero in any fragment.</summary>
    public const ushort FragmentMask = 0x3FFF;
}
