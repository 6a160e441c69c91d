namespace OrleansUem.Embedded;

/// <summary>One activation as its grain and its filters see it.</summary>
public interface IGrainContext
{
    /// <summary>The identity of the grain.</summary>
    GrainId GrainId { get; }

    /// <summary>The grain object; null until it is made.</summary>
    object? GrainInstance { get; }

    /// <summary>The services that the grain's constructor was served from.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Complete once the activation has ended.</summary>
    Task Deactivated { get; }

    /// <summary>Ends the activation as soon as its running calls are done.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}
