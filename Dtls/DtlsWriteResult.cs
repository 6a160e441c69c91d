namespace OrleansUem.Dtls;

/// <summary>Result of <see cref="DtlsSession.Write"/>. Everything but Sent leaves the session as it was, except
/// Failed.</summary>
public enum DtlsWriteResult
{
    /// <summary>Exactly one datagram was given to the output.</summary>
    Sent = 0,

    /// <summary>Longer than <see cref="DtlsSession.MaxPlaintextBytes"/>; nothing was sent.</summary>
    TooLong = 1,

    /// <summary>Empty plaintext has no record; nothing was sent.</summary>
    Empty = 2,

    /// <summary>The handshake has not ended, or the session is closed or failed; nothing was sent.</summary>
    NotEstablished = 3,

    /// <summary>libssl refused the write; the session failed.</summary>
    Failed = 4,
}
