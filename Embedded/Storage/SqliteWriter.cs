using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// The one thread that writes. All changes that wait become one transaction, so that one fsync serves many:
/// the busier, the larger the batches.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    // Larger batches gain little and make their first change wait for the last.
    private const int BatchMax = 512;

    // Changes that may wait. Beyond that the disk is far behind and callers must see it.
    private const int QueueMax = 100_000;

    private readonly object _lock = new();
    private readonly Queue<SqliteWrite> _queue = new();
    private readonly SqliteConnection _connection;
    private readonly SqliteCommands _commands;
    private readonly Action _committed;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private bool _isClosing;

    internal SqliteWriter(SqliteConnection connection, SqliteCommands commands, Action committed, ILogger logger)
    {
        _connection = connection;
        _commands = commands;
        _committed = committed;
        _logger = logger;
        _thread = new Thread(Run) { IsBackground = true, Name = "grain-storage-writer" };
        _thread.UnsafeStart();
    }

    internal void Post(SqliteWrite write)
    {
        string failure;
        lock (_lock)
        {
            if (!_isClosing && _queue.Count < QueueMax)
            {
                _queue.Enqueue(write);
                Monitor.Pulse(_lock);
                return;
            }

            failure = _isClosing ? "The grain storage is closed." : $"{QueueMax} writes wait for the disk, the limit.";
        }

        write.Failed(new GrainStorageException(failure));
    }

    /// <summary>Writes what waits and ends the thread.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosing = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
    }

    private void Run()
    {
        var batch = new List<SqliteWrite>(BatchMax);
        while (Take(batch))
        {
            try
            {
                Write(batch);
            }
            catch (Exception e)
            {
                // The disk is full, the file is gone, the database is locked by another program: every writer must know.
                ActorHostLog.WriterFailed(_logger, e);
                RollBack();
                foreach (var write in batch)
                {
                    write.Failed(new GrainStorageException("The grain storage could not write: " + e.Message, e));
                }
            }

            batch.Clear();
        }
    }

    private bool Take(List<SqliteWrite> batch)
    {
        lock (_lock)
        {
            while (_queue.Count == 0)
            {
                if (_isClosing)
                {
                    return false;
                }

                Monitor.Wait(_lock);
            }

            while (batch.Count < BatchMax && _queue.TryDequeue(out var write))
            {
                batch.Add(write);
            }

            return true;
        }
    }

    private void Write(List<SqliteWrite> batch)
    {
        _commands.Begin.ExecuteNonQuery();
        foreach (var write in batch)
        {
            write.Execute(_commands);
        }

        _commands.Commit.ExecuteNonQuery();
        foreach (var write in batch)
        {
            write.Committed();
        }

        _committed();
    }

    private void RollBack()
    {
        try
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "ROLLBACK";
            command.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
            // Expected when SQLite has rolled back by itself.
        }
    }
}
