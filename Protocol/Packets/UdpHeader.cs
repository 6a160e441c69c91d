namespace OrleansUem.Protocol.Packets;

/// <summary>Offsets of a UDP header (RFC 768).</summary>
internal static class UdpHeader
{
    public const int Bytes = 8;
    public const int LengthOffset = 4;
    public const int ChecksumOffset = 6;

    /// <summary>Sent in place of a checksum that comes out as 0, since 0 means none.</summary>
    public const ushort ZeroChecksum = 0xFFFF;
}
