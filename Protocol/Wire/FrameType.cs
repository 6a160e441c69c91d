namespace OrleansUem.Protocol.Wire;

/// <summary>
/// Every frame. The payload is the Protobuf message of the same name in <c>Protocol/Messages</c> unless stated; "session" means channel 0.
/// Directions: D device, N node, E edge, S silo. Numbers are fixed; 0x80 and above are not given out (<see cref="Paths.PathDatagramType"/>).
/// </summary>
public enum FrameType : byte
{
    /// <summary>Never sent; closes the session as malformed.</summary>
    Unspecified = 0x00,

    /// <summary>E → D, N; session; the first frame of a session. The edge's id, time and keep-alive interval.</summary>
    Hello = 0x01,

    /// <summary>D, N → E; session; answer to <see cref="Hello"/>. A signed claim to be here, now, in this generation.</summary>
    Attach = 0x02,

    /// <summary>E → D, N; session; the grain accepted the claim. Everything else waits for it.</summary>
    Attached = 0x03,

    /// <summary>Either way; session; the last frame: why the session ends and when to come back.</summary>
    Close = 0x04,

    /// <summary>Either way; session; 8 opaque bytes, returned in <see cref="Pong"/>. Proves that both processes live; never reaches a grain.</summary>
    Ping = 0x05,

    /// <summary>Either way; session; the 8 bytes of the <see cref="Ping"/> it answers.</summary>
    Pong = 0x06,

    /// <summary>E → D, N; session; the edge drains: attach elsewhere or again after the given time; open tunnels go on until then.</summary>
    GoAway = 0x07,

    /// <summary>D, N → E; session; the peer uses UDP no more: the edge sends over this connection until a new probe proves the path.</summary>
    PathLeft = 0x08,

    /// <summary>D → E on the session: asks for the device's tunnel. E → N on the new channel: offers it.</summary>
    Open = 0x10,

    /// <summary>N → E on the channel: the node takes the tunnel. E → D on the new channel: the tunnel is open.</summary>
    Opened = 0x11,

    /// <summary>N → E on the channel, E → D on the session: no tunnel, and why.</summary>
    Refused = 0x12,

    /// <summary>Either way on the tunnel's channel: the tunnel ends, and why. Not answered; the channel is dead at once.</summary>
    CloseTunnel = 0x13,

    /// <summary>D ↔ E ↔ N on a channel: one end-to-end DTLS record or several, opaque; may be dropped.</summary>
    Datagram = 0x20,

    /// <summary>D → E on an enrolment session, E → N on the session: asks the node to certify a device.</summary>
    Enrol = 0x30,

    /// <summary>N → E on the session, E → D: the node's answer.</summary>
    EnrolAnswer = 0x31,

    /// <summary>N → E on an enrolment session: registers a tenant's root with proof of possession.</summary>
    RegisterTenant = 0x32,

    /// <summary>E → N: the installation's answer.</summary>
    TenantRegistered = 0x33,

    /// <summary>E ↔ S on a control link: <c>ControlRequest</c>, numbered by its sender.</summary>
    ControlRequest = 0x40,

    /// <summary>E ↔ S on a control link: <c>ControlAnswer</c> to the request of the same number.</summary>
    ControlAnswer = 0x41,

    /// <summary>E → S on a join connection: asks for an edge certificate.</summary>
    Join = 0x48,

    /// <summary>S → E: the edge certificate, or why not.</summary>
    Joined = 0x49,
}
