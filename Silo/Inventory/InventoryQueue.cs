using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Inventory;

namespace OrleansUem.Silo.Inventory;

/// <summary>
/// Between the grains, which tell rows and never wait, and the read model: one task writes what waits in batches. Rows of one noun replace each other while they
/// wait, so a database that is away costs one place for each noun that changed; what waits is written when it is back. When even that is
/// too much, rows are dropped and counted, and the whole is read again from the grains afterwards.
/// </summary>
internal sealed partial class InventoryQueue : IInventory, IHostedService, IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "uem.silo";

    /// <summary>Rows that wait, one for each noun; some 400 bytes each, so 26 MB at most.</summary>
    public const int MaxWaiting = 65_536;

    /// <summary>Rows of one transaction: at 1 ms for 100 rows short enough for a second silo to wait for its locks.</summary>
    public const int MaxBatch = 512;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(5);

    private readonly InventoryStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<InventoryQueue> _logger;
    private readonly Meter _meter = new(MeterName);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, InventoryRow> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly long[] _dropped = new long[Enum.GetValues<InventoryDrop>().Length];
    private Task _writing = Task.CompletedTask;
    private int _inHand;
    private long _clockTicks;
    private bool _isIncomplete;
    private bool _isAway;
    private TaskCompletionSource? _written;

    public InventoryQueue(InventoryStore store, TimeProvider time, ILogger<InventoryQueue> logger)
    {
        _store = store;
        _time = time;
        _logger = logger;
        _meter.CreateObservableUpDownCounter("uem.silo.inventory_rows_waiting", () => WaitingCount, "{row}", "Rows of the lists told and not yet written");
        _meter.CreateObservableCounter("uem.silo.inventory_rows_dropped", Drops, "{row}", "Rows of the lists dropped, by reason");
    }

    /// <summary>What waits is written, and rows were dropped since this last happened: the tables have to be read again from the grains.</summary>
    public event Action? CaughtUpIncomplete;

    /// <summary>Rows that were dropped.</summary>
    public long DroppedCount => Enum.GetValues<InventoryDrop>().Sum(Dropped);

    /// <summary>Rows told and not yet written or dropped.</summary>
    public long WaitingCount
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count + _inHand;
            }
        }
    }

    /// <summary>The time on the clock that the rows' times are of.</summary>
    public DateTimeOffset Now => _time.GetUtcNow() + Clock;

    /// <summary>What that clock is ahead of this silo's.</summary>
    public TimeSpan Clock => TimeSpan.FromTicks(Volatile.Read(ref _clockTicks));

    /// <summary>Rows dropped for a reason.</summary>
    public long Dropped(InventoryDrop reason) => Interlocked.Read(ref _dropped[(int)reason]);

    /// <inheritdoc/>
    public void Tell(InventoryRow row)
    {
        lock (_lock)
        {
            Put(row);
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Completes when nothing waits: all that was told so far is written or dropped.</summary>
    public Task WhenWrittenAsync()
    {
        lock (_lock)
        {
            return _waiting.Count + _inHand == 0
                ? Task.CompletedTask
                : (_written ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Compares this silo's clock with the rows'.</summary>
    public async Task<TimeSpan> CompareClockAsync(CancellationToken cancellationToken)
    {
        var clock = await _store.CompareClockAsync(cancellationToken);
        Volatile.Write(ref _clockTicks, clock.Ticks);
        return clock;
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _store.OpenAsync(cancellationToken);
        await CompareClockAsync(cancellationToken);
        _writing = Task.Run(WriteAsync, CancellationToken.None);
    }

    /// <summary>Writes what waits; a database that is away now is not waited for.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _signal.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _writing;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        _stopping.Dispose();
    }

    private void Put(InventoryRow row)
    {
        if (_waiting.TryGetValue(row.Key, out var there))
        {
            _waiting[row.Key] = row.Replaces(there) ? row.Over(there) : there.Over(row);
        }
        else if (_waiting.Count < MaxWaiting)
        {
            _waiting.Add(row.Key, row);
            _order.Enqueue(row.Key);
        }
        else
        {
            Drop(InventoryDrop.QueueFull, 1);
        }
    }

    private async Task WriteAsync()
    {
        var retry = FirstRetry;
        while (await _signal.Reader.WaitToReadAsync())
        {
            _signal.Reader.TryRead(out _);
            while (Take() is { Count: > 0 } rows)
            {
                if (await TryWriteAsync(rows))
                {
                    retry = FirstRetry;
                    continue;
                }

                if (_stopping.IsCancellationRequested)
                {
                    lock (_lock)
                    {
                        Drop(InventoryDrop.Stopped, _waiting.Count + _inHand);
                        _waiting.Clear();
                        _order.Clear();
                        _inHand = 0;
                        CompleteIfWritten();
                    }

                    return;
                }

                PutBack(rows);
                await Task.Delay(retry, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
            }

            TellIfIncomplete();
        }
    }

    private async Task<bool> TryWriteAsync(List<InventoryRow> rows)
    {
        try
        {
            var clock = await CompareClockAsync(CancellationToken.None);
            await WriteAsync(rows, clock);
            lock (_lock)
            {
                _inHand = 0;
                CompleteIfWritten();
            }

            if (_isAway)
            {
                _isAway = false;
                LogBack(_logger, WaitingCount);
            }

            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Away, full, locked: the grains go on, the lists lag. Said once.
            if (!_isAway)
            {
                _isAway = true;
                LogAway(_logger, e);
            }

            return false;
        }
    }

    private async Task WriteAsync(List<InventoryRow> rows, TimeSpan clock)
    {
        var statements = new List<InventoryStatement>(rows.Count);
        foreach (var row in rows)
        {
            InventoryStatements.Add(row, clock, statements);
        }

        try
        {
            await _store.WriteAsync(statements, CancellationToken.None);
        }
        catch (DbException e) when (_store.IsOfTheRow(e))
        {
            if (rows.Count == 1)
            {
                // Our own bug, or a peer's text that no check foresaw: it must not keep the others out.
                Drop(InventoryDrop.Refused, 1);
                LogRefused(_logger, e, rows[0].GetType().Name);
                return;
            }

            foreach (var row in rows)
            {
                await WriteAsync([row], clock);
            }
        }
    }

    private List<InventoryRow> Take()
    {
        lock (_lock)
        {
            var rows = new List<InventoryRow>(Math.Min(MaxBatch, _order.Count));
            while (rows.Count < MaxBatch && _order.TryDequeue(out var key))
            {
                if (_waiting.Remove(key, out var row))
                {
                    rows.Add(row);
                }
            }

            _inHand = rows.Count;
            return rows;
        }
    }

    // They were in the queue, so they have their place in it.
    private void PutBack(List<InventoryRow> rows)
    {
        lock (_lock)
        {
            _inHand = 0;
            foreach (var row in rows)
            {
                if (_waiting.TryGetValue(row.Key, out var newer))
                {
                    _waiting[row.Key] = newer.Replaces(row) ? newer.Over(row) : row.Over(newer);
                }
                else
                {
                    _waiting.Add(row.Key, row);
                    _order.Enqueue(row.Key);
                }
            }
        }
    }

    private void Drop(InventoryDrop reason, int count)
    {
        if (count > 0)
        {
            Interlocked.Add(ref _dropped[(int)reason], count);
            if (!Interlocked.Exchange(ref _isIncomplete, true))
            {
                LogDropping(_logger, reason);
            }
        }
    }

    private void CompleteIfWritten()
    {
        if (_waiting.Count + _inHand == 0)
        {
            _written?.TrySetResult();
            _written = null;
        }
    }

    private void TellIfIncomplete()
    {
        if (Interlocked.Exchange(ref _isIncomplete, false))
        {
            CaughtUpIncomplete?.Invoke();
        }
    }

    private IEnumerable<Measurement<long>> Drops() => Enum.GetValues<InventoryDrop>()
        .Select(reason => new Measurement<long>(Dropped(reason), new KeyValuePair<string, object?>("reason", reason.ToString())));

    [LoggerMessage(4040, LogLevel.Warning, "Rows of the inventory are dropped and counted ({Reason}); it is read again from the grains when the database keeps up.")]
    private static partial void LogDropping(ILogger logger, InventoryDrop reason);

    [LoggerMessage(4041, LogLevel.Warning, "The inventory can't be written; rows wait for the database.")]
    private static partial void LogAway(ILogger logger, Exception exception);

    [LoggerMessage(4046, LogLevel.Information, "The inventory is written again; {Waiting} rows wait.")]
    private static partial void LogBack(ILogger logger, long waiting);

    [LoggerMessage(4042, LogLevel.Error, "A {Row} of the inventory was refused by the database.")]
    private static partial void LogRefused(ILogger logger, Exception exception, string row);
}
