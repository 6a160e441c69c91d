using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// What stands before each packet of a TUN that was opened with IFF_VNET_HDR: which checksum is still to be made and into what packets a super-packet is to be cut
/// (virtio 1.2 §5.1.6.1; little-endian, since the TUN is set to it). The default value asks for nothing: the packet is whole.
/// <code>
///   offset size field
///        0    1 Flags            1: a checksum is to be made; other bits are hints and ignored
///        1    1 Segmentation     VirtioSegmentation; 0x80: the first TCP segment carries CWR
///        2    2 HeaderBytes      IP and transport header; a hint, ours is computed from the packet
///        4    2 SegmentBytes     payload of each packet but the last
///        6    2 ChecksumStart    where the sum begins, from the first byte of the packet: the transport header
///        8    2 ChecksumOffset   where the checksum stands, from ChecksumStart; it holds the sum of the pseudo-header, folded and not complemented
/// </code>
/// </summary>
public readonly record struct VirtioNetHeader
{
    /// <summary>Bytes on the wire: the legacy form without a count of buffers.</summary>
    public const int WireBytes = 10;

    private const byte NeedsChecksumFlag = 1;
    private const byte EcnBit = 0x80;

    /// <summary>The checksum at <see cref="ChecksumStart"/> + <see cref="ChecksumOffset"/> is not made yet.</summary>
    public bool NeedsChecksum { get; init; }

    /// <summary>Into what the packet is to be cut.</summary>
    public VirtioSegmentation Segmentation { get; init; }

    /// <summary>The TCP super-packet carries CWR, which belongs to its first segment alone (RFC 3168 §6.1.2).</summary>
    public bool HasEcn { get; init; }

    /// <summary>IP and transport header, as the sender counted.</summary>
    public ushort HeaderBytes { get; init; }

    /// <summary>Payload bytes of each packet that is cut, the last one may be shorter.</summary>
    public ushort SegmentBytes { get; init; }

    /// <summary>First byte that is summed.</summary>
    public ushort ChecksumStart { get; init; }

    /// <summary>The checksum's place behind <see cref="ChecksumStart"/>.</summary>
    public ushort ChecksumOffset { get; init; }

    /// <summary>Reads a header; any bytes are one.</summary>
    /// <param name="bytes">At least <see cref="WireBytes"/>.</param>
    public static VirtioNetHeader Read(ReadOnlySpan<byte> bytes) => new()
    {
        NeedsChecksum = (bytes[0] & NeedsChecksumFlag) != 0,
        Segmentation = (VirtioSegmentation)(bytes[1] & ~EcnBit),
        HasEcn = (bytes[1] & EcnBit) != 0,
        HeaderBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
        SegmentBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
        ChecksumStart = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
        ChecksumOffset = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]),
    };

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="WireBytes"/>.</param>
    public void Write(Span<byte> destination)
    {
        destination[0] = NeedsChecksum ? NeedsChecksumFlag : (byte)0;
        destination[1] = (byte)((byte)Segmentation | (HasEcn ? EcnBit : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], SegmentBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], ChecksumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], ChecksumOffset);
    }
}
