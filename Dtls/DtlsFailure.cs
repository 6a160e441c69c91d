namespace OrleansUem.Dtls;

/// <summary>Why a session failed. The numbers are stable: they may reach storage and metrics.</summary>
public enum DtlsFailure
{
    None = 0,

    /// <summary>A flight was sent 1 + <see cref="DtlsContextOptions.MaxRetransmissions"/> times without an
    /// answer.</summary>
    Timeout = 1,

    /// <summary>The peer sent a fatal alert. <see cref="DtlsSession.PeerAlert"/> holds its number.</summary>
    PeerAlert = 2,

    /// <summary>The verifier of this end refused the peer's certificate.</summary>
    PeerCertificateRefused = 3,

    /// <summary>The peer presented no certificate.</summary>
    PeerCertificateMissing = 4,

    /// <summary>The peer's key is not an ECDSA key on P-256 or P-384.</summary>
    PeerKeyUnsupported = 5,

    /// <summary>No common cipher suite, group or signature algorithm.</summary>
    NoSharedParameters = 6,

    /// <summary>The peer offered no DTLS 1.2.</summary>
    VersionUnsupported = 7,

    /// <summary>The peer broke the protocol, or its proof of possession or Finished did not verify.</summary>
    ProtocolViolation = 8,

    /// <summary>libssl failed for a reason on this side.</summary>
    Internal = 9,
}
