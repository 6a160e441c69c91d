namespace OrleansUem.Dtls;

/// <summary>Where a session is in its life. See the drawing at <see cref="DtlsSession"/>.</summary>
public enum DtlsState
{
    /// <summary>Nothing has been sent or received.</summary>
    Created = 0,
    Handshaking = 1,
    Established = 2,

    /// <summary>The peer sent close_notify. Nothing more is read; <see cref="DtlsSession.Close"/> answers it.</summary>
    PeerClosed = 3,

    /// <summary>This end closed.</summary>
    Closed = 4,

    /// <summary>See <see cref="DtlsSession.Failure"/> and <see cref="DtlsSession.FailureDetail"/>.</summary>
    Failed = 5,

    /// <summary>The records are those of a <see cref="Records.RecordSealer"/> and a <see cref="Records.RecordOpener"/>; this object is disposed.</summary>
    TakenOver = 6,
}
