using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>Settings of one connection.</summary>
public sealed record FrameConnectionOptions
{
    /// <summary>Shared by all connections of a process; null: the connection makes one of its own, which suits a process with one connection.</summary>
    public ConnectionTicker? Ticker { get; init; }

    /// <summary>Bounds of the send queue.</summary>
    public SendQueueLimits Queue { get; init; } = new();

    /// <summary>The longest payload that the peer may send at first; see <see cref="FrameConnection.MaxPayloadBytes"/>.</summary>
    public int MaxPayloadBytes { get; init; } = FrameLimits.MaxUnattachedPayloadBytes;

    /// <summary>Whether this side sends PING when it has sent nothing for the keep-alive interval: the side that dialled does.</summary>
    public bool SendsPings { get; init; }

    /// <summary>The keep-alive interval, 1 s..1 h; three of them without a byte from the peer end the connection. Default 30 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long CLOSE may take to be sent and the peer to hang up. Default 2 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
