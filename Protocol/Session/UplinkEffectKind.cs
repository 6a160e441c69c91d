namespace OrleansUem.Protocol.Session;

/// <summary>What the owner of an <see cref="UplinkMachine"/> is to do.</summary>
public enum UplinkEffectKind
{
    /// <summary>Nothing: keep-alive, or an optional frame that this version does not know.</summary>
    None = 0,

    /// <summary>Sign a claim for <see cref="UplinkMachine.Edge"/>, tell its generation by <see cref="UplinkMachine.OnAttachSent"/> and send ATTACH.</summary>
    SendAttach = 1,

    /// <summary>The session is up: raise the frame limit and tell the application.</summary>
    Attached = 2,

    /// <summary>Hand the frame on: <see cref="UplinkEffect.Body"/> is its parsed payload, null for DATAGRAM.</summary>
    Deliver = 3,

    /// <summary>The edge drains: come back after <see cref="UplinkEffect.After"/>; the session goes on until then.</summary>
    GoAway = 4,

    /// <summary>The session is over: send CLOSE unless the peer ended it, then end the connection.</summary>
    End = 5,
}
