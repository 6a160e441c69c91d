namespace OrleansUem.Transport;

/// <summary>Bounds of one connection's <see cref="SendQueue"/>. A frame counts with its header, and with at least <see cref="SendQueue.MinFrameCost"/> bytes.</summary>
public sealed record SendQueueLimits
{
    /// <summary>
    /// Datagram bytes that one channel may have queued. Default 256 KiB: 20 ms at 100 Mbit/s. Too small drops bursts of a sender's congestion
    /// window; too large adds delay that the inner TCP takes for the path's.
    /// </summary>
    public int ChannelBytes { get; init; } = 256 * 1024;

    /// <summary>Datagram bytes that all channels together may have queued. Default 4 MiB: what a stalled node costs in memory at most.</summary>
    public int TotalBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Control bytes that may be queued. Default 256 KiB; more means that the peer does not read, and ends the connection with SlowReader.
    /// </summary>
    public int ControlBytes { get; init; } = 256 * 1024;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ChannelBytes, Protocol.Wire.FrameLimits.MaxPayloadBytes + Protocol.Wire.FrameLimits.HeaderBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(TotalBytes, ChannelBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(ControlBytes, Protocol.Wire.FrameLimits.MaxPayloadBytes + Protocol.Wire.FrameLimits.HeaderBytes);
    }
}
