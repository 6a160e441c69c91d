namespace OrleansUem.Protocol.Control;

/// <summary>How far a control link is; see the drawing at <see cref="ControlLinkMachine"/>.</summary>
public enum ControlLinkState
{
    /// <summary>No LinkStart was sent or received.</summary>
    Idle = 0,

    /// <summary>LinkStart is under way; nothing else may be sent.</summary>
    Starting = 1,

    /// <summary>LinkStarted was sent or received without a fault: both sides may ask.</summary>
    Linked = 2,

    /// <summary>Over; every request was failed.</summary>
    Ended = 3,
}
