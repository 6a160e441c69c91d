using System.Data.Common;

namespace OrleansUem.Silo.Inventory;

/// <summary>Where the read model is: the tables of one SQLite file, or those of the installation's PostgreSQL database that all its silos share.</summary>
internal abstract class InventoryStore : IAsyncDisposable
{
    /// <summary>Connections of readers.</summary>
    public abstract DbDataSource Readers { get; }

    /// <summary>Makes it usable; called once, before the rest.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SiloStartException">It is not; one line for the operator.</exception>
    public abstract Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>What the clock that all writers share is ahead of this silo's.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract Task<TimeSpan> CompareClockAsync(CancellationToken cancellationToken);

    /// <summary>Runs statements in the order of <see cref="InventoryStatement.Order"/>, all or none. One caller at a time.</summary>
    /// <param name="statements">The statements.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Rows changed.</returns>
    public abstract Task<int> WriteAsync(IReadOnlyList<InventoryStatement> statements, CancellationToken cancellationToken);

    /// <summary>Whether the failure is of what is written, so that the same again fails the same way.</summary>
    public abstract bool IsOfTheRow(DbException fault);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
