using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Database;

/// <summary>Two SQLite files in the state directory. They are opened by those who use them.</summary>
internal sealed class SqliteSiloDatabase(SiloState state) : SiloDatabase
{
    /// <summary>Grain states and reminders.</summary>
    public string GrainsPath => state.DatabasePath;

    /// <summary>The read model.</summary>
    public string InventoryPath => state.InventoryPath;

    /// <inheritdoc/>
    public override string Description => $"SQLite in {state.Directory}";

    /// <inheritdoc/>
    public override Task CheckAsync(CancellationToken cancellationToken) =>
        File.Exists(GrainsPath) ? Task.CompletedTask : Task.FromException(new FileNotFoundException($"{GrainsPath} is gone."));

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
