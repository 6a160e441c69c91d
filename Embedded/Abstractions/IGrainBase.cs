namespace OrleansUem.Embedded;

/// <summary>What every grain class offers its host.</summary>
public interface IGrainBase
{
    /// <summary>The activation that runs this instance.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Runs before the first call; a failure is given to all callers that wait.</summary>
    Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the last call.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
