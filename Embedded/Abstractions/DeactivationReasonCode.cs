namespace OrleansUem.Embedded;

/// <summary>Why an activation ends.</summary>
public enum DeactivationReasonCode : byte
{
    /// <summary>No reason is known.</summary>
    None = 0,

    /// <summary>The process stops.</summary>
    ShuttingDown = 1,

    /// <summary><c>OnActivateAsync</c> or the constructor failed.</summary>
    ActivationFailed = 2,

    /// <summary>The activation was idle for too long.</summary>
    ActivationIdle = 4,

    /// <summary>The application failed in a way that ends the activation.</summary>
    ApplicationError = 8,

    /// <summary>The application asked for it, for example with <c>DeactivateOnIdle</c>.</summary>
    ApplicationRequested = 9,
}
