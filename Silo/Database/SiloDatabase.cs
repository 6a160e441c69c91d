using Microsoft.Extensions.Logging;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Database;

/// <summary>The database of the installation: grain states, reminders and the inventory. SQLite files in the state directory, or PostgreSQL.</summary>
internal abstract class SiloDatabase : IAsyncDisposable
{
    /// <summary>Which one and where, for people; no secret.</summary>
    public abstract string Description { get; }

    /// <summary>Opens what the options name, and sees to it that a silo never starts on another database than the one it has its grains in.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="state">The silo's state.</param>
    /// <param name="loggers">Where logs go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SiloStartException">It is not usable; one line for the operator.</exception>
    public static async Task<SiloDatabase> OpenAsync(
        SiloOptions options, SiloState state, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (options.DatabaseFile is null)
        {
            return state.UsesPostgres
                ? throw new SiloStartException(
                    $"The grains of {state.Directory} are in PostgreSQL: name its file with --database-file. Without it the silo would start as if no tenant had ever registered.")
                : new SqliteSiloDatabase(state);
        }

        if (!state.UsesPostgres && File.Exists(state.DatabasePath))
        {
            throw new SiloStartException(
                $"The grains of {state.Directory} are in {state.DatabasePath}: start without --database-file. On PostgreSQL the silo would start as if no tenant had ever registered.");
        }

        var database = await PostgresSiloDatabase.OpenAsync(options.DatabaseFile, state, loggers, cancellationToken);
        state.RememberPostgres();
        return database;
    }

    /// <summary>Asks the database for something small.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that fails when it does not answer.</returns>
    public abstract Task CheckAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
