using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Inventory;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Inventory;

/// <summary>
/// The read model in a SQLite file of its own: grains tell rows, one task writes them in batches, the admin API reads pages. It follows
/// and never leads: when the queue is full rows are dropped and counted, and the next row of the same noun repairs that. The file may be deleted while the silo
/// is stopped; it fills again as the grains speak.
/// </summary>
internal sealed partial class SqliteInventory : IInventory, IHostedService, IDisposable
{
    /// <summary>Rows that wait; some 300 bytes each.</summary>
    public const int MaxQueued = 16_384;

    /// <summary>Rows of one transaction.</summary>
    public const int MaxBatch = 512;

    private readonly string _path;
    private readonly ILogger<SqliteInventory> _logger;
    private readonly Channel<InventoryRow> _rows = Channel.CreateBounded<InventoryRow>(
        new BoundedChannelOptions(MaxQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private SqliteConnection? _connection;
    private Task _writing = Task.CompletedTask;
    private long _droppedCount;
    private long _toldCount;
    private long _writtenCount;

    public SqliteInventory(string path, ILogger<SqliteInventory> logger)
    {
        _path = path;
        _logger = logger;
    }

    /// <summary>Rows that were dropped because the queue was full or the file failed.</summary>
    public long DroppedCount => Volatile.Read(ref _droppedCount);

    /// <summary>Rows told and not yet written or dropped.</summary>
    public long WaitingCount => Volatile.Read(ref _toldCount) - Volatile.Read(ref _writtenCount) - DroppedCount;

    /// <summary>The connection string of readers.</summary>
    public string ReadConnectionString => new SqliteConnectionStringBuilder { DataSource = _path, Mode = SqliteOpenMode.ReadOnly }.ToString();

    /// <inheritdoc/>
    public void Tell(InventoryRow row)
    {
        Interlocked.Increment(ref _toldCount);
        if (!_rows.Writer.TryWrite(row) && Interlocked.Increment(ref _droppedCount) == 1)
        {
            LogDropping(_logger);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Open();
        }
        catch (SqliteException e)
        {
            throw new SiloStartException(
                $"The inventory {_path} can't be used: {e.Message} It holds nothing that the silo doesn't know: remove the file and start again.", e);
        }

        _writing = Task.Run(WriteAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _rows.Writer.TryComplete();
        await _writing;
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_connection is not null)
        {
            _connection.Dispose();
            _connection = null;
            using var pooled = new SqliteConnection(ReadConnectionString);
            SqliteConnection.ClearPool(pooled);
        }
    }

    private void Open()
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false }.ToString());
        _connection.Open();
        StateFiles.Restrict(_path);
        Execute(InventorySchema.Pragmas);
        using (var version = _connection.CreateCommand())
        {
            version.CommandText = "PRAGMA user_version";
            if (Convert.ToInt32(version.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture) != InventorySchema.Version)
            {
                Execute(InventorySchema.Drop);
            }
        }

        Execute(InventorySchema.Create);
        Execute($"PRAGMA user_version={InventorySchema.Version}");

        // Sessions of a run before are not known to be there; whoever still is says so at its next attach or LOCATE.
        Execute("UPDATE edges SET is_linked=0");
    }

    private void Execute(string text)
    {
        using var command = _connection!.CreateCommand();
#pragma warning disable CA2100 // The texts are constants.
        command.CommandText = text;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private async Task WriteAsync()
    {
        using var writes = new InventoryWrites(_connection!);
        var batch = new List<InventoryRow>(MaxBatch);
        while (await _rows.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _rows.Reader.TryRead(out var row))
            {
                batch.Add(row);
            }

            try
            {
                writes.Write(batch);
                Interlocked.Add(ref _writtenCount, batch.Count);
            }
            catch (SqliteException e)
            {
                // Disk full or the file is gone: the grains go on without lists.
                Interlocked.Add(ref _droppedCount, batch.Count);
                LogWriteFailed(_logger, e, batch.Count);
            }
        }
    }
}
