using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// The database of a host: one writer, a pool of readers, and checkpoints in the background. A commit is on the disk
/// (synchronous = FULL in WAL mode) before its writer hears of it.
/// </summary>
internal sealed class SqliteDatabase : IStorageEngine
{
    // The WAL is moved into the file this long after a commit; doing it inside a commit would double the slowest ones.
    private static readonly TimeSpan CheckpointDelay = TimeSpan.FromMilliseconds(50);

    // More readers than this find no processor to run on; the rest are closed after use.
    private const int PooledReadersMax = 16;

    private readonly string _connectionText;
    private readonly string _serviceId;
    private readonly ConcurrentBag<Reader> _readers = [];
    private readonly SqliteConnection _writerConnection;
    private readonly SqliteCommands _writerCommands;
    private readonly SqliteConnection _checkpointConnection;
    private readonly Lock _checkpointLock = new();
    private readonly SqliteWriter _writer;
    private readonly ITimer _checkpointTimer;
    private int _checkpointIsDue;
    private bool _isDisposed;

    private SqliteDatabase(string path, StorageOpening opening)
    {
        _serviceId = opening.ServiceId;
        Time = opening.Time;
        Grains = new SqliteGrainStorage(this);
        Reminders = new SqliteReminderTable(this);
        _connectionText = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString();
        _writerConnection = Connect();
        Run(_writerConnection, SqliteCommands.Schema);
        _writerCommands = new SqliteCommands(_writerConnection, _serviceId);
        _checkpointConnection = Connect();
        _checkpointTimer = Time.CreateTimer(
            static state => ((SqliteDatabase)state!).Checkpoint(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _writer = new SqliteWriter(_writerConnection, _writerCommands, ScheduleCheckpoint, opening.Logger);
    }

    public IGrainStorage Grains { get; }

    public IReminderTable Reminders { get; }

    internal TimeProvider Time { get; }

    internal static SqliteDatabase Open(string path, StorageOpening opening)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        return new SqliteDatabase(path, opening);
    }

    internal TResult Read<TResult, TArgument>(TArgument argument, Func<SqliteCommands, TArgument, TResult> read)
    {
        if (!_readers.TryTake(out var reader))
        {
            var connection = Connect();
            reader = new Reader(connection, new SqliteCommands(connection, _serviceId));
        }

        try
        {
            return read(reader.Commands, argument);
        }
        finally
        {
            if (_readers.Count < PooledReadersMax && !_isDisposed)
            {
                _readers.Add(reader);
            }
            else
            {
                reader.Dispose();
            }
        }
    }

    internal Task<TResult> WriteAsync<TResult>(Func<SqliteCommands, TResult> write)
    {
        var change = new SqliteWrite<TResult>(write);
        _writer.Post(change);
        return change.Task;
    }

    public ValueTask DisposeAsync()
    {
        _writer.Dispose();
        _checkpointTimer.Dispose();
        lock (_checkpointLock)
        {
            _isDisposed = true;
            _checkpointConnection.Dispose();
        }

        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }

        _writerCommands.Dispose();
        _writerConnection.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Run(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionText);
        connection.Open();
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 30000;");
        return connection;
    }

    private void ScheduleCheckpoint()
    {
        if (Interlocked.Exchange(ref _checkpointIsDue, 1) == 0)
        {
            _checkpointTimer.Change(CheckpointDelay, Timeout.InfiniteTimeSpan);
        }
    }

    private void Checkpoint()
    {
        lock (_checkpointLock)
        {
            if (_isDisposed)
            {
                return;
            }

            Volatile.Write(ref _checkpointIsDue, 0);
            try
            {
                Run(_checkpointConnection, "PRAGMA wal_checkpoint(PASSIVE)");
            }
            catch (SqliteException)
            {
                // Expected when the disk is full or another program holds the file: the next commit tries again.
            }
        }
    }

    private sealed record Reader(SqliteConnection Connection, SqliteCommands Commands) : IDisposable
    {
        public void Dispose()
        {
            Commands.Dispose();
            Connection.Dispose();
        }
    }
}
