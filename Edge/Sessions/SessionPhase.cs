namespace OrleansUem.Edge.Sessions;

/// <summary>How far a session is; see the drawing at <see cref="EdgeSessionMachine"/>.</summary>
public enum SessionPhase
{
    /// <summary>HELLO was sent; ATTACH is due.</summary>
    AwaitingAttach = 0,

    /// <summary>The tenant's bundle is being fetched.</summary>
    AwaitingBundle = 1,

    /// <summary>The silo judges the claim.</summary>
    AwaitingSilo = 2,

    /// <summary>Attached.</summary>
    Attached = 3,

    /// <summary>Over.</summary>
    Ended = 4,
}
