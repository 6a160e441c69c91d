namespace OrleansUem.Dtls;

/// <summary>What one received datagram led to.</summary>
public enum DtlsReadStatus
{
    /// <summary>Consumed (or dropped) without something for the caller. Wait for the next datagram or
    /// timeout.</summary>
    NeedMore = 0,

    /// <summary>The handshake ended well. Reported once per session.</summary>
    HandshakeCompleted = 1,

    /// <summary>One record's plaintext is in the caller's buffer.</summary>
    ApplicationData = 2,

    /// <summary>The peer sent close_notify.</summary>
    PeerClosed = 3,

    /// <summary>The session failed now or earlier; see <see cref="DtlsSession.Failure"/>.</summary>
    Failed = 4,

    /// <summary>This end closed earlier; the datagram was dropped.</summary>
    Closed = 5,
}
