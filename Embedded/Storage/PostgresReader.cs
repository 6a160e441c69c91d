using System.Threading.Channels;
using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// Reads rows of OrleansStorage. A few loops share the rows that wait, each loop many of them with one statement: when thousands of grains wake up at once, none waits
/// for a connection of its own.
/// </summary>
internal sealed class PostgresReader : IAsyncDisposable
{
    // Two statements keep two processors of the server busy, two more are on their way.
    private const int Loops = 4;

    // Payloads have some hundred bytes, at most some ten thousand: the answer stays below a few megabytes.
    private const int BatchMax = 256;

    // As the writer's.
    private const int QueueMax = 100_000;

    private const string Text = """
        SELECT Place, Version, PayloadBinary
        FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY AS wanted (IdHash, TypeHash, N0, N1, TypeString, KeyText, Place)
        JOIN OrleansStorage ON GrainIdHash = IdHash AND GrainTypeHash = TypeHash AND GrainIdN0 = N0 AND GrainIdN1 = N1
            AND GrainTypeString = TypeString AND GrainIdExtensionString = KeyText AND ServiceId = $7
        """;

    private readonly Channel<PostgresRead> _queue = Channel.CreateBounded<PostgresRead>(new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.Wait });
    private readonly NpgsqlDataSource _database;
    private readonly string _serviceId;
    private readonly Task _loops;
    private volatile bool _isClosing;

    internal PostgresReader(NpgsqlDataSource database, string serviceId)
    {
        _database = database;
        _serviceId = serviceId;
        _loops = Task.WhenAll(Enumerable.Range(0, Loops).Select(_ => Task.Run(RunAsync)));
    }

    /// <summary>A row; null when there is none.</summary>
    /// <exception cref="GrainStorageException">The database did not answer.</exception>
    internal Task<StoredRow?> ReadAsync(StorageRow row)
    {
        var read = new PostgresRead(row);
        if (!_queue.Writer.TryWrite(read))
        {
            read.Failed(new GrainStorageException(_isClosing ? "The grain storage is closed." : $"{QueueMax} reads wait for PostgreSQL, the limit."));
        }

        return read.Task;
    }

    /// <summary>Reads what waits and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        _queue.Writer.TryComplete();
        await _loops;
    }

    private async Task RunAsync()
    {
        var keys = new PostgresRowKeys();
        var batch = new List<PostgresRead>(BatchMax);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < BatchMax && _queue.Reader.TryRead(out var read))
            {
                batch.Add(read);
            }

            try
            {
                await ReadAsync(batch, keys);
            }
            catch (PostgresException e) when (!PostgresFailure.IsAway(e))
            {
                // One key that the server does not take must not fail the others.
                await ReadEachAsync(batch, keys);
            }
            catch (Exception e)
            {
                // The server is away, and those behind would each wait for a time-out of their own.
                FailAll(batch, e);
            }

            batch.Clear();
        }
    }

    private async Task ReadAsync(List<PostgresRead> batch, PostgresRowKeys keys)
    {
        keys.Clear();
        batch.ForEach(read => keys.Add(read.Row));
        var found = new StoredRow?[batch.Count];
        try
        {
            await ReadOnceAsync(keys, found);
        }
        catch (NpgsqlException e) when (PostgresFailure.IsBrokenConnection(e))
        {
            // A pooled connection outlives the server that it was made to, and so do its neighbours: the next is a new one.
            _database.Clear();
            await ReadOnceAsync(keys, found);
        }

        for (var i = 0; i < found.Length; i++)
        {
            batch[i].Found(found[i]);
        }
    }

    private async Task ReadOnceAsync(PostgresRowKeys keys, StoredRow?[] found)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(Text, connection);
        keys.AddTo(command.Parameters);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _serviceId });

        // Once for each connection of the pool; a connection keeps what it prepared.
        await command.PrepareAsync();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found[reader.GetInt64(0) - 1] = new StoredRow(reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2));
        }
    }

    private async Task ReadEachAsync(List<PostgresRead> batch, PostgresRowKeys keys)
    {
        foreach (var read in batch)
        {
            try
            {
                await ReadAsync([read], keys);
            }
            catch (Exception e)
            {
                read.Failed(Told(e));
            }
        }
    }

    private void FailAll(List<PostgresRead> batch, Exception failure)
    {
        var told = Told(failure);
        batch.ForEach(read => read.Failed(told));
        for (var left = _queue.Reader.Count; left > 0 && _queue.Reader.TryRead(out var read); left--)
        {
            read.Failed(told);
        }
    }

    private static GrainStorageException Told(Exception failure) => new(
        "The grain storage could not read: " + (PostgresFailure.IsOfDatabase(failure) ? PostgresFailure.Describe(failure) : failure.Message), failure);
}
