using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Paths;

/// <summary>The one frame that crosses UDP: a whole DATAGRAM, header and payload, alone in its datagram.</summary>
public static class DatagramFrame
{
    /// <summary>Reads a datagram as a frame. Unknown flags are ignored, as in every frame.</summary>
    /// <param name="datagram">The whole datagram; any bytes.</param>
    /// <param name="channel">The channel of the frame; its payload is what follows <see cref="FrameLimits.HeaderBytes"/>.</param>
    /// <returns>False when it is anything else, is on the session's channel, or is longer or shorter than it says.</returns>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out Channel channel)
    {
        channel = default;
        if (datagram.Length < FrameLimits.HeaderBytes)
        {
            return false;
        }

        var header = FrameHeader.Read(datagram);
        channel = header.Channel;
        return header.Type == FrameType.Datagram && !header.Channel.IsSession
            && header.PayloadBytes == datagram.Length - FrameLimits.HeaderBytes
            && header.PayloadBytes <= FrameLimits.MaxPayloadBytes;
    }
}
