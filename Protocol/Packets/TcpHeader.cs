namespace OrleansUem.Protocol.Packets;

/// <summary>Offsets and bits of a TCP header (RFC 9293 §3.1) that segmentation and coalescing touch.</summary>
internal static class TcpHeader
{
    public const int BytesMin = 20;
    public const int SequenceOffset = 4;
    public const int AcknowledgementOffset = 8;
    public const int LengthOffset = 12;
    public const int FlagsOffset = 13;
    public const int WindowOffset = 14;
    public const int ChecksumOffset = 16;
    public const int UrgentOffset = 18;

    public const byte Fin = 0x01;
    public const byte Syn = 0x02;
    public const byte Reset = 0x04;
    public const byte Push = 0x08;
    public const byte Acknowledge = 0x10;
    public const byte CongestionWindowReduced = 0x80;

    /// <summary>Header with options as its own field says, 0 to 60; below <see cref="BytesMin"/> it is not a header.</summary>
    public static int BytesOf(ReadOnlySpan<byte> header) => (header[LengthOffset] >> 4) * 4;
}
