using System.Buffers.Binary;

namespace OrleansUem.Protocol.Wire;

/// <summary>
/// The fixed header of every frame, network byte order:
/// <code>
///  offset size field    range / meaning
///       0    1 Type     FrameType
///       1    1 Flags    FrameFlags; unknown bits ignored
///       2    2 Length   payload bytes, 0..FrameLimits.MaxPayloadBytes
///       4    4 Channel  0 = session, else index (20 bits) and generation (12 bits)
/// </code>
/// </summary>
/// <param name="Type">The frame's type; may be one that this version does not know.</param>
/// <param name="Flags">The flags.</param>
/// <param name="PayloadBytes">0..65535 as read; callers compare with their limit.</param>
/// <param name="Channel">The channel.</param>
public readonly record struct FrameHeader(FrameType Type, FrameFlags Flags, int PayloadBytes, Channel Channel)
{
    /// <summary>Reads a header.</summary>
    /// <param name="source">At least <see cref="FrameLimits.HeaderBytes"/> bytes.</param>
    /// <returns>The header; any bits are a header.</returns>
    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        (FrameType)source[0],
        (FrameFlags)source[1],
        BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
        new Channel(BinaryPrimitives.ReadUInt32BigEndian(source[4..])));

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="FrameLimits.HeaderBytes"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        destination[0] = (byte)Type;
        destination[1] = (byte)Flags;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], checked((ushort)PayloadBytes));
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Channel.Value);
    }
}
