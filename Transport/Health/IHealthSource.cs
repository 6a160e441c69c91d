namespace OrleansUem.Transport.Health;

/// <summary>A role that says whether it is ready. Any thread.</summary>
public interface IHealthSource
{
    /// <summary><c>silo</c> or <c>edge</c>.</summary>
    string Role { get; }

    /// <summary>Looks.</summary>
    /// <param name="cancellationToken">The asker has gone.</param>
    /// <returns>Why not; empty: ready.</returns>
    ValueTask<IReadOnlyList<HealthFault>> FindFaultsAsync(CancellationToken cancellationToken);
}
