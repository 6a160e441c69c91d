namespace OrleansUem.Protocol.Wire;

/// <summary>
/// Why something was refused, closed or ended: one list for sessions, tunnels, enrolment and control answers, shown to the device, the
/// administrator and in metrics under the member's name. Reaches the wire and storage: numbers are fixed, a retired one is never used again.
/// </summary>
public enum Reason
{
    /// <summary>No fault.</summary>
    None = 0,

    // Protocol faults of the peer (1..99): close the session unless stated.
    /// <summary>A payload that does not parse, or a field out of its range.</summary>
    MalformedFrame = 1,

    /// <summary>The header announces more than the limit.</summary>
    FrameTooLong = 2,

    /// <summary>A type this version does not know, without the optional flag.</summary>
    UnknownFrame = 3,

    /// <summary>A known frame in a state or on a channel where it is not allowed.</summary>
    UnexpectedFrame = 4,

    /// <summary>The peer speaks no version that we accept.</summary>
    UnsupportedVersion = 5,

    /// <summary>The connection names no application protocol of ours.</summary>
    UnsupportedAlpn = 6,

    /// <summary>PINGs that come faster than any keep-alive interval asks for.</summary>
    PingFlood = 7,

    // Identity (100..199).
    /// <summary>The TLS peer presented no certificate.</summary>
    CertificateMissing = 100,

    /// <summary>Not a certificate of our profile: SAN URI, extended key usage, key or signature algorithm.</summary>
    CertificateMalformed = 101,

    /// <summary>Not issued by the root that its identity names.</summary>
    CertificateUntrusted = 102,

    /// <summary>The validity ended.</summary>
    CertificateExpired = 103,

    /// <summary>The validity has not begun; usually a clock that is off.</summary>
    CertificateNotYetValid = 104,

    /// <summary>A valid certificate of another role than the connection is for.</summary>
    CertificateWrongRole = 105,

    /// <summary>A valid certificate, but not the peer that was asked for.</summary>
    CertificateWrongName = 106,

    /// <summary>The certificate, device or node was cut off.</summary>
    CertificateRevoked = 107,

    /// <summary>A newer certificate of the same peer was seen.</summary>
    CertificateSuperseded = 108,

    /// <summary>No such tenant, or its tag does not fit.</summary>
    UnknownTenant = 109,

    /// <summary>The signature of an ATTACH or a registration does not verify.</summary>
    BadSignature = 110,

    /// <summary>The claim's time is too far from the silo's clock; the answer carries the silo's time.</summary>
    ClockSkew = 111,

    /// <summary>The claim's generation is not above the last one; the answer carries the last one.</summary>
    StaleGeneration = 112,

    /// <summary>The claim was signed for another edge.</summary>
    WrongEdge = 113,

    /// <summary>Authenticated, but not allowed to ask for this.</summary>
    NotPermitted = 114,

    // Admission (200..299): come again.
    /// <summary>A limit on connections, sessions or handshakes is reached.</summary>
    TooManyConnections = 200,

    /// <summary>TLS or ATTACH took too long.</summary>
    HandshakeTimeout = 201,

    /// <summary>Nothing was heard for the keep-alive limit.</summary>
    KeepAliveTimeout = 202,

    /// <summary>The edge has no control link now.</summary>
    NoSilo = 203,

    /// <summary>A bounded queue in the control plane is full.</summary>
    Overloaded = 204,

    /// <summary>The process is about to stop.</summary>
    Draining = 205,

    /// <summary>A fault of ours, logged there.</summary>
    InternalError = 206,

    /// <summary>A grain, silo or edge did not answer in time.</summary>
    ControlTimeout = 207,

    /// <summary>Control frames piled up because the peer does not read.</summary>
    SlowReader = 208,

    /// <summary>The peer kept the edge waiting before it had attached, and a newer connection needed the place.</summary>
    HandshakeDisplaced = 209,

    /// <summary>TLS failed: not TLS at all, no common version or suite, a broken record, or the peer refused.</summary>
    HandshakeFailed = 210,

    // Session ends (300..349).
    /// <summary>A newer attach of the same peer took over.</summary>
    Replaced = 300,

    /// <summary>The peer said good-bye.</summary>
    Detached = 301,

    /// <summary>The connection broke.</summary>
    ConnectionLost = 302,

    // Tunnels (400..499).
    /// <summary>No node of the tenant is attached.</summary>
    NoNode = 400,

    /// <summary>The node declined the tunnel.</summary>
    NodeRefused = 401,

    /// <summary>The node's session ended.</summary>
    NodeLost = 402,

    /// <summary>The device's session ended.</summary>
    DeviceLost = 403,

    /// <summary>The device opened its tunnel again.</summary>
    TunnelReplaced = 404,

    /// <summary>No traffic for the idle limit.</summary>
    Idle = 405,

    /// <summary>The route lease ran out and was not renewed.</summary>
    LeaseExpired = 406,

    /// <summary>The lease's byte limit is used up.</summary>
    ByteLimit = 407,

    /// <summary>The device closed it.</summary>
    ClosedByDevice = 408,

    /// <summary>The node closed it.</summary>
    ClosedByNode = 409,

    /// <summary>An administrator cut the tunnel, device, certificate or tenant.</summary>
    CutByAdmin = 410,

    /// <summary>The node carries as many tunnels as it may.</summary>
    TunnelLimit = 411,

    /// <summary>The end-to-end handshake or its peer check failed.</summary>
    EndToEndFailed = 412,

    /// <summary>The node's address pool is used up.</summary>
    NoAddress = 413,

    /// <summary>The silo knows of no such session of this device.</summary>
    NotAttached = 414,

    /// <summary>The tunnel's keys reached the bound of their use and no renewal came through.</summary>
    KeysUsedUp = 415,

    /// <summary>The last app that the device had the tunnel for has ended.</summary>
    LastApp = 416,

    // Enrolment (500..599).
    /// <summary>No such activation, used up, or its secret does not fit.</summary>
    UnknownActivation = 500,

    /// <summary>The activation's time is over.</summary>
    ActivationExpired = 501,

    /// <summary>The activation was tried too often and is void.</summary>
    TooManyAttempts = 502,

    /// <summary>The certificate request is not of our profile.</summary>
    BadRequest = 503,

    /// <summary>No such invitation or join token, or its secret does not fit.</summary>
    UnknownInvitation = 504,

    /// <summary>The invitation's time is over.</summary>
    InvitationExpired = 505,

    /// <summary>The tenant or edge exists with another key.</summary>
    AlreadyRegistered = 506,
}
