using System.Buffers;
using Google.Protobuf;

namespace OrleansUem.Protocol.Wire;

/// <summary>Writes frames. The caller owns the buffer; nothing is kept.</summary>
public static class FrameWriter
{
    /// <summary>Writes a frame with a Protobuf payload.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">The frame's type.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="body">The payload.</param>
    /// <param name="flags">The flags.</param>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="FrameLimits.MaxPayloadBytes"/>; nothing was written.</exception>
    public static void Write(
        IBufferWriter<byte> output, FrameType type, Channel channel, IMessage body, FrameFlags flags = FrameFlags.None)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(body);
        var payloadBytes = body.CalculateSize();
        RequireLength(type, payloadBytes);
        var span = output.GetSpan(FrameLimits.HeaderBytes + payloadBytes);
        new FrameHeader(type, flags, payloadBytes, channel).Write(span);
        body.WriteTo(span.Slice(FrameLimits.HeaderBytes, payloadBytes));
        output.Advance(FrameLimits.HeaderBytes + payloadBytes);
    }

    /// <summary>Writes a frame with an opaque payload.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">The frame's type.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="payload">The payload, copied.</param>
    /// <param name="flags">The flags.</param>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="FrameLimits.MaxPayloadBytes"/>; nothing was written.</exception>
    public static void Write(
        IBufferWriter<byte> output, FrameType type, Channel channel, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None)
    {
        ArgumentNullException.ThrowIfNull(output);
        RequireLength(type, payload.Length);
        var span = output.GetSpan(FrameLimits.HeaderBytes + payload.Length);
        new FrameHeader(type, flags, payload.Length, channel).Write(span);
        payload.CopyTo(span[FrameLimits.HeaderBytes..]);
        output.Advance(FrameLimits.HeaderBytes + payload.Length);
    }

    /// <summary>One frame as an array of its own, for control frames off the data path.</summary>
    /// <param name="type">The frame's type.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="body">The payload.</param>
    /// <returns>Header and payload.</returns>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="FrameLimits.MaxPayloadBytes"/>.</exception>
    public static byte[] ToArray(FrameType type, Channel channel, IMessage body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var payloadBytes = body.CalculateSize();
        RequireLength(type, payloadBytes);
        var frame = new byte[FrameLimits.HeaderBytes + payloadBytes];
        new FrameHeader(type, FrameFlags.None, payloadBytes, channel).Write(frame);
        body.WriteTo(frame.AsSpan(FrameLimits.HeaderBytes));
        return frame;
    }

    private static void RequireLength(FrameType type, int payloadBytes)
    {
        if (payloadBytes > FrameLimits.MaxPayloadBytes)
        {
            throw new ArgumentException($"{type} payload of {payloadBytes} bytes exceeds {FrameLimits.MaxPayloadBytes}.", nameof(payloadBytes));
        }
    }
}
