namespace OrleansUem.Protocol.Session;

/// <summary>Where a peer's side of a session stands; see <see cref="UplinkMachine"/>.</summary>
public enum UplinkState
{
    /// <summary>TLS is up; the edge's HELLO is due.</summary>
    AwaitHello = 0,

    /// <summary>ATTACH is sent; ATTACHED or CLOSE is due.</summary>
    Attaching = 1,

    /// <summary>The grain accepted the claim; tunnels may be opened.</summary>
    Attached = 2,

    /// <summary>The session is over; nothing is read or sent any more.</summary>
    Closed = 3,
}
