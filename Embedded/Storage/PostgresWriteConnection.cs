using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// The one connection that a host writes on. It holds an advisory lock of the database for as long as it lives, so of two hosts on one database only one
/// can write, whatever each believes: a host whose connection broke writes again only when it has the lock again.
/// </summary>
internal sealed class PostgresWriteConnection : IAsyncDisposable
{
    // "uem" in ASCII; the second half of the lock's name is a hash of the service id.
    private const int LockClass = 0x75656D;

    // A connection that slept for longer is asked whether it is still there, since a write on a dead one fails with its outcome unknown.
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(1);

    private readonly NpgsqlConnection _connection;
    private readonly TimeProvider _time;
    private long _usedAt;

    private PostgresWriteConnection(NpgsqlConnection connection, PostgresStateBatch states, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        _usedAt = time.GetTimestamp();
        States = states;
    }

    internal NpgsqlConnection Connection => _connection;

    internal PostgresStateBatch States { get; }

    /// <summary>Connects and takes the lock.</summary>
    /// <param name="database">Where.</param>
    /// <param name="opening">Whose rows, and the clock.</param>
    /// <param name="patience">How long to wait for the one who has the lock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="GrainStorageException">Another host has the lock.</exception>
    internal static async Task<PostgresWriteConnection> OpenAsync(
        NpgsqlDataSource database, StorageOpening opening, TimeSpan patience, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await LockAsync(connection, opening.ServiceId, patience, cancellationToken);
            return new PostgresWriteConnection(connection, await PostgresStateBatch.PrepareAsync(connection, opening.ServiceId), opening.Time);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether it may be written on.</summary>
    internal async Task<bool> IsAliveAsync()
    {
        if (_connection.FullState != System.Data.ConnectionState.Open)
        {
            return false;
        }

        if (_time.GetElapsedTime(_usedAt) > IdleMax)
        {
            try
            {
                await using var question = new NpgsqlCommand("SELECT 1", _connection);
                await question.ExecuteScalarAsync();
            }
            catch (Exception e) when (PostgresFailure.IsOfDatabase(e))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A statement has come back.</summary>
    internal void Used() => _usedAt = _time.GetTimestamp();

    public async ValueTask DisposeAsync()
    {
        await States.DisposeAsync();
        if (_connection.FullState == System.Data.ConnectionState.Open)
        {
            await UnlockAsync();
        }

        await _connection.DisposeAsync();
    }

    // A pooled connection keeps its locks until it is used again.
    private async Task UnlockAsync()
    {
        try
        {
            await using var command = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", _connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (PostgresFailure.IsOfDatabase(e))
        {
            // It is broken then, and the server drops the lock with it.
        }
    }

    private static async Task LockAsync(NpgsqlConnection connection, string serviceId, TimeSpan patience, CancellationToken cancellationToken)
    {
        var name = StableHash.Compute(System.Text.Encoding.UTF8.GetBytes(serviceId)) & int.MaxValue;

        // A machine that is gone without a word must not keep the lock: the server finds out after 25 s instead of two hours.
#pragma warning disable CA2100 // Numbers only.
        await using var take = new NpgsqlCommand(
            $"""
            SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
            SET lock_timeout = {(int)patience.TotalMilliseconds}; SELECT pg_advisory_lock({LockClass}, {name}); SET lock_timeout = 0
            """,
            connection)
        {
            CommandTimeout = (int)patience.TotalSeconds + 5,
        };
#pragma warning restore CA2100
        try
        {
            await take.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            var holder = await FindHolderAsync(connection, name, cancellationToken);
            throw new GrainStorageException(
                $"Another silo ({holder}) runs its grains on this database. One embedded host at a time can; several silos need the Orleans build.", e);
        }
    }

    private static async Task<string> FindHolderAsync(NpgsqlConnection connection, int name, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(
            """
            SELECT application_name || COALESCE(' from ' || host(client_addr), ' on the same machine') FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND classid = $1::int::oid AND objid = $2::int::oid AND granted
            """,
            connection)
        {
            Parameters = { new NpgsqlParameter<int> { TypedValue = LockClass }, new NpgsqlParameter<int> { TypedValue = name } },
        };
        return await find.ExecuteScalarAsync(cancellationToken) as string ?? "gone meanwhile";
    }
}
