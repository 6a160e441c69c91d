using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Npgsql;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// The one loop that writes. All states that wait become one statement, so that one fsync serves many: the busier, the larger the batches. While the server is
/// away changes fail as fast as it can be known, all that wait at once, and nothing is tried again: the grain that asked decides.
/// </summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    // Larger batches gain little and make their first change wait for the last.
    private const int BatchMax = 512;

    // Changes that may wait. Beyond that the server is far behind and callers must see it.
    private const int QueueMax = 100_000;

    // For what is left of our own broken connection.
    private static readonly TimeSpan ReconnectPatience = TimeSpan.FromSeconds(2);

    private readonly Channel<PostgresChange> _queue = Channel.CreateBounded<PostgresChange>(
        new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private readonly NpgsqlDataSource _database;
    private readonly StorageOpening _opening;
    private readonly List<PostgresStateWrite> _states = new(BatchMax);
    private readonly List<PostgresStatement> _statements = [];
    private readonly HashSet<StorageRow> _rows = new(BatchMax);
    private readonly Task _loop;
    private PostgresWriteConnection? _connection;
    private PostgresChange? _held;
    private bool _wasAway;
    private volatile bool _isClosing;

    private PostgresWriter(NpgsqlDataSource database, StorageOpening opening, PostgresWriteConnection connection)
    {
        _database = database;
        _opening = opening;
        _connection = connection;
        _loop = Task.Run(RunAsync);
    }

    internal static async Task<PostgresWriter> StartAsync(
        NpgsqlDataSource database, TimeSpan patience, StorageOpening opening, CancellationToken cancellationToken)
    {
        var connection = await PostgresWriteConnection.OpenAsync(database, opening, patience, cancellationToken);
        return new PostgresWriter(database, opening, connection);
    }

    /// <summary>Stores a payload over the version that its writer read; null when the row has another.</summary>
    internal Task<int?> WriteAsync(StorageRow row, byte[]? payload, int version)
    {
        var change = new PostgresStateWrite(row, payload, version);
        Post(change);
        return change.Task;
    }

    /// <summary>Runs a statement.</summary>
    internal Task<TResult> WriteAsync<TResult>(Func<NpgsqlConnection, Task<TResult>> run)
    {
        var change = new PostgresStatement<TResult>(run);
        Post(change);
        return change.Task;
    }

    /// <summary>Writes what waits and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        _queue.Writer.TryComplete();
        await _loop;
        await CloseAsync();
    }

    private void Post(PostgresChange change)
    {
        if (!_queue.Writer.TryWrite(change))
        {
            change.Failed(new GrainStorageException(_isClosing ? "The grain storage is closed." : $"{QueueMax} writes wait for PostgreSQL, the limit."));
        }
    }

    private async Task RunAsync()
    {
        while (_held is not null || await _queue.Reader.WaitToReadAsync())
        {
            Take();
            try
            {
                await WriteAsync();
                if (_wasAway)
                {
                    _wasAway = false;
                    ActorHostLog.WriterRecovered(_opening.Logger);
                }
            }
            catch (Exception e)
            {
                // The server is away, full, or another host has the lock: every writer must know.
                await FailAsync(e);
            }

            _states.Clear();
            _statements.Clear();
        }
    }

    // A row is once in a batch: an update of many rows takes one change of each. The second change of a row begins the next batch.
    private void Take()
    {
        _rows.Clear();
        while (_states.Count + _statements.Count < BatchMax && TryTake(out var change))
        {
            if (change is PostgresStatement statement)
            {
                _statements.Add(statement);
            }
            else if (change is PostgresStateWrite state && _rows.Add(state.Row))
            {
                _states.Add(state);
            }
            else
            {
                _held = change;
                return;
            }
        }
    }

    private bool TryTake([NotNullWhen(true)] out PostgresChange? change)
    {
        change = _held;
        _held = null;
        return change is not null || _queue.Reader.TryRead(out change);
    }

    private async Task WriteAsync()
    {
        var connection = await ConnectAsync();
        if (_states.Count > 0)
        {
            await WriteStatesAsync(connection);
        }

        foreach (var statement in _statements)
        {
            try
            {
                await statement.RunAsync(connection.Connection);
            }
            catch (PostgresException e) when (!PostgresFailure.IsAway(e))
            {
                Refuse(statement, e);
            }
        }

        connection.Used();
    }

    private async Task WriteStatesAsync(PostgresWriteConnection connection)
    {
        try
        {
            await connection.States.RunAsync(_states);
        }
        catch (PostgresException e) when (!PostgresFailure.IsAway(e))
        {
            // One change that the server does not take must not fail the others: nothing was stored, so each goes alone.
            foreach (var state in _states)
            {
                try
                {
                    await connection.States.RunAsync([state]);
                }
                catch (PostgresException alone) when (!PostgresFailure.IsAway(alone))
                {
                    Refuse(state, alone);
                }
            }
        }
    }

    private void Refuse(PostgresChange change, PostgresException failure)
    {
        ActorHostLog.WriterFailed(_opening.Logger, failure);
        change.Failed(new GrainStorageException("The grain storage could not write: " + PostgresFailure.Describe(failure), failure));
    }

    private async Task<PostgresWriteConnection> ConnectAsync()
    {
        if (_connection is not null && !await _connection.IsAliveAsync())
        {
            await CloseAsync();
        }

        return _connection ??= await PostgresWriteConnection.OpenAsync(_database, _opening, ReconnectPatience, CancellationToken.None);
    }

    private async Task FailAsync(Exception failure)
    {
        if (!_wasAway)
        {
            _wasAway = true;
            ActorHostLog.WriterFailed(_opening.Logger, failure);
        }

        await CloseAsync();
        var told = failure as GrainStorageException ?? new GrainStorageException(
            "The grain storage could not write: " + (PostgresFailure.IsOfDatabase(failure) ? PostgresFailure.Describe(failure) : failure.Message), failure);
        _states.ForEach(state => state.Failed(told));
        _statements.ForEach(statement => statement.Failed(told));
        _held?.Failed(told);
        _held = null;

        // Those behind would each wait for a time-out of their own.
        for (var left = _queue.Reader.Count; left > 0 && _queue.Reader.TryRead(out var change); left--)
        {
            change.Failed(told);
        }
    }

    private async Task CloseAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
            _connection = null;
        }
    }
}
