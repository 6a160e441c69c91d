using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// Datagram frames back to back in one buffer, of any sizes, as they stand on a stream; what one drain of a TUN or one receive call gathers. A writer takes
/// room for a payload, fills it in place and commits it, so that a record is sealed where it will be sent from. One owner: no method is safe beside another.
/// </summary>
public sealed class FrameBatch
{
    /// <summary>Room for one send with segmentation offload: 65,507 bytes are the most that one UDP send takes over IPv4 (65,535 - 20 - 8), less a margin for IPv6.</summary>
    public const int MaxBytes = 65_400;

    // Pinned: the kernel reads from it without a copy.
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);
    private int _bytes;

    /// <summary>Frames in it.</summary>
    public int Count { get; private set; }

    /// <summary>The frames, headers included.</summary>
    public ReadOnlySpan<byte> Frames => _buffer.AsSpan(0, _bytes);

    /// <summary>The frames, for who rewrites them in place.</summary>
    public Memory<byte> Memory => _buffer.AsMemory(0, _bytes);

    /// <summary>Whether a frame with a payload of so many bytes still fits.</summary>
    public bool HasRoom(int payloadBytes) => payloadBytes <= MaxBytes - _bytes - FrameLimits.HeaderBytes;

    /// <summary>Room for the next frame's payload; without <see cref="Commit"/> nothing was added.</summary>
    /// <param name="payloadBytes">The most that will be committed, 0..<see cref="FrameLimits.MaxPayloadBytes"/>.</param>
    /// <param name="payload">Where it goes; valid until the next call.</param>
    /// <returns>False when it does not fit: send the batch first.</returns>
    public bool TryBegin(int payloadBytes, out Span<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadBytes, FrameLimits.MaxPayloadBytes);
        if (!HasRoom(payloadBytes))
        {
            payload = [];
            return false;
        }

        payload = _buffer.AsSpan(_bytes + FrameLimits.HeaderBytes, payloadBytes);
        return true;
    }

    /// <summary>Adds the frame whose payload was written where <see cref="TryBegin"/> said.</summary>
    /// <param name="channel">Its channel.</param>
    /// <param name="payloadBytes">At most what was asked for.</param>
    public void Commit(Channel channel, int payloadBytes)
    {
        if (!HasRoom(payloadBytes))
        {
            throw new ArgumentOutOfRangeException(nameof(payloadBytes), payloadBytes, "More than was asked for.");
        }

        new FrameHeader(FrameType.Datagram, FrameFlags.None, payloadBytes, channel).Write(_buffer.AsSpan(_bytes));
        _bytes += FrameLimits.HeaderBytes + payloadBytes;
        Count++;
    }

    /// <summary>Adds a frame with a copy of a payload.</summary>
    /// <returns>False when it does not fit.</returns>
    public bool TryAdd(Channel channel, ReadOnlySpan<byte> payload)
    {
        if (!TryBegin(payload.Length, out var room))
        {
            return false;
        }

        payload.CopyTo(room);
        Commit(channel, payload.Length);
        return true;
    }

    /// <summary>Takes the first frame of a batch's frames.</summary>
    /// <param name="rest">The frames; afterwards what follows.</param>
    /// <param name="header">Its header.</param>
    /// <param name="payload">Its payload.</param>
    /// <returns>False when there is none.</returns>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out FrameHeader header, out ReadOnlySpan<byte> payload)
    {
        if (rest.IsEmpty)
        {
            header = default;
            payload = [];
            return false;
        }

        header = FrameHeader.Read(rest);
        payload = rest.Slice(FrameLimits.HeaderBytes, header.PayloadBytes);
        rest = rest[(FrameLimits.HeaderBytes + header.PayloadBytes)..];
        return true;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _bytes = 0;
        Count = 0;
    }
}
