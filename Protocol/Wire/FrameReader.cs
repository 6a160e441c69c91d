using System.Buffers;

namespace OrleansUem.Protocol.Wire;

/// <summary>Cuts a byte stream into frames. Pure: holds no bytes, so any split of the stream gives the same frames.</summary>
public static class FrameReader
{
    /// <summary>Takes the next frame off the front of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">The bytes received and not yet taken; on <see cref="FrameReadResult.Frame"/> it is advanced past the frame.</param>
    /// <param name="maxPayloadBytes">The caller's limit; a longer frame is refused on its header alone.</param>
    /// <param name="header">The header, valid on <see cref="FrameReadResult.Frame"/> and <see cref="FrameReadResult.TooLong"/>.</param>
    /// <param name="payload">The payload, a view of the same memory.</param>
    /// <returns>What was found.</returns>
    public static FrameReadResult TryRead(
        ref ReadOnlySequence<byte> buffer, int maxPayloadBytes, out FrameHeader header, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        header = default;
        if (buffer.Length < FrameLimits.HeaderBytes)
        {
            return FrameReadResult.NeedMore;
        }

        if (buffer.FirstSpan.Length >= FrameLimits.HeaderBytes)
        {
            header = FrameHeader.Read(buffer.FirstSpan);
        }
        else
        {
            Span<byte> head = stackalloc byte[FrameLimits.HeaderBytes];
            buffer.Slice(0, FrameLimits.HeaderBytes).CopyTo(head);
            header = FrameHeader.Read(head);
        }

        if (header.PayloadBytes > maxPayloadBytes)
        {
            return FrameReadResult.TooLong;
        }

        if (buffer.Length < FrameLimits.HeaderBytes + header.PayloadBytes)
        {
            return FrameReadResult.NeedMore;
        }

        payload = buffer.Slice(FrameLimits.HeaderBytes, header.PayloadBytes);
        buffer = buffer.Slice(FrameLimits.HeaderBytes + header.PayloadBytes);
        return FrameReadResult.Frame;
    }
}
