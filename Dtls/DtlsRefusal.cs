namespace OrleansUem.Dtls;

/// <summary>Why a certificate is refused; chooses the alert that the peer sees (RFC 5246 §7.2.2).</summary>
public enum DtlsRefusal
{
    /// <summary>No decision. The default, so that a forgotten verdict refuses; sent as certificate_unknown.</summary>
    Unspecified = 0,

    /// <summary>Not a refusal.</summary>
    None = 1,

    /// <summary>Malformed or not acceptable for another reason: bad_certificate.</summary>
    BadCertificate = 2,

    /// <summary>No chain to a trusted root: unknown_ca.</summary>
    UnknownAuthority = 3,

    /// <summary>Outside its validity: certificate_expired.</summary>
    Expired = 4,

    /// <summary>certificate_revoked.</summary>
    Revoked = 5,

    /// <summary>Wrong role or key usage: unsupported_certificate.</summary>
    WrongPurpose = 6,

    /// <summary>A valid certificate, but not the peer that was asked for: bad_certificate.</summary>
    WrongIdentity = 7,
}
