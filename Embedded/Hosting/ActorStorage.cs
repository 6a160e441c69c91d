using Npgsql;
using OrleansUem.Embedded.Storage;

namespace OrleansUem.Embedded;

/// <summary>Where a host keeps grain states and reminders.</summary>
public abstract class ActorStorage
{
    private ActorStorage()
    {
    }

    /// <summary>In memory; ends with the process: tests only.</summary>
    public static ActorStorage Memory { get; } = new MemoryChoice();

    /// <summary>In an SQLite file, made when it is missing.</summary>
    /// <param name="path">The file.</param>
    public static ActorStorage Sqlite(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new SqliteChoice(path);
    }

    /// <summary>
    /// In the tables OrleansStorage and OrleansRemindersTable of a PostgreSQL database, which are there already. One host at a time: it holds a lock of the
    /// database while it runs, and a second one fails to start.
    /// </summary>
    /// <param name="database">The caller's; it disposes it after the host has stopped. Its command timeout bounds each read and write.</param>
    /// <param name="patience">How long a start waits for a host that is about to end; default 30 s.</param>
    public static ActorStorage Postgres(NpgsqlDataSource database, TimeSpan? patience = null)
    {
        ArgumentNullException.ThrowIfNull(database);
        return new PostgresChoice(database, patience ?? TimeSpan.FromSeconds(30));
    }

    /// <summary>Opens it for one host.</summary>
    internal abstract Task<IStorageEngine> OpenAsync(StorageOpening opening, CancellationToken cancellationToken);

    private sealed class MemoryChoice : ActorStorage
    {
        internal override Task<IStorageEngine> OpenAsync(StorageOpening opening, CancellationToken cancellationToken) =>
            Task.FromResult<IStorageEngine>(new MemoryStorageEngine());
    }

    private sealed class SqliteChoice(string path) : ActorStorage
    {
        internal override Task<IStorageEngine> OpenAsync(StorageOpening opening, CancellationToken cancellationToken) =>
            Task.FromResult<IStorageEngine>(SqliteDatabase.Open(path, opening));
    }

    private sealed class PostgresChoice(NpgsqlDataSource database, TimeSpan patience) : ActorStorage
    {
        internal override async Task<IStorageEngine> OpenAsync(StorageOpening opening, CancellationToken cancellationToken) =>
            await PostgresDatabase.OpenAsync(database, patience, opening, cancellationToken);
    }
}
