namespace OrleansUem.Edge.Sessions;

/// <summary>What the owner of an <see cref="EdgeSessionMachine"/> does next.</summary>
public enum SessionEffectKind
{
    /// <summary>Nothing: the session ended meanwhile.</summary>
    None = 0,

    /// <summary>Fetch the bundle of <see cref="EdgeSessionMachine.Identity"/>'s tenant.</summary>
    FetchBundle = 1,

    /// <summary>Send AttachSession to a silo.</summary>
    AskSilo = 2,

    /// <summary>The session is attached: make it present, send ATTACHED.</summary>
    Announce = 3,

    /// <summary>Close with <see cref="SessionEffect.Close"/>.</summary>
    Close = 4,
}
