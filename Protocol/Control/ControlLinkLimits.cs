using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Control;

/// <summary>Bounds and times of control links.</summary>
public static class ControlLinkLimits
{
    /// <summary>
    /// The most requests outstanding in each direction. Arbitrary: at 10 ms an answer it allows 400,000 requests a second, and 4,096 full frames are
    /// 68 MB, which a silo bears for a few edges; too small refuses attach storms, too large lets one edge fill a silo's memory.
    /// </summary>
    public const int MaxOutstanding = 4_096;

    /// <summary>The most bytes of an encoded ControlRequest or ControlAnswer: one frame. Senders of batches cut them to fit.</summary>
    public const int MaxBodyBytes = FrameLimits.MaxPayloadBytes;

    /// <summary>How long a request waits for its answer unless its sender says otherwise; three tries of a database that takes 3 s.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The keep-alive interval of a link; shorter than a session's, since a dead link delays cuts.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    /// <summary>How long LinkStart and its answer may take together after the TLS handshake.</summary>
    public static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of LinkStart.process_id.</summary>
    public const int ProcessIdBytes = 16;
}
