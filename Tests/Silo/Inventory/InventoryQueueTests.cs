using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Grains.Inventory;
using OrleansUem.Silo.Inventory;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>The queue before the inventory's database: who tells never waits, rows of one noun take one place, a database that was away gets the newest of each.</summary>
public sealed class InventoryQueueTests : IAsyncDisposable
{
    private readonly ImpatientTime _time = new();
    private readonly StoreDouble _store = new();
    private readonly InventoryQueue _queue;

    public InventoryQueueTests() => _queue = new InventoryQueue(_store, _time, NullLogger<InventoryQueue>.Instance);

    public async ValueTask DisposeAsync()
    {
        _store.IsAway = false;
        await _queue.StopAsync(CancellationToken.None);
        _queue.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task DatabaseAway_RowsCatchUp_TheNewestOfEachNoun()
    {
        await _queue.StartAsync(CancellationToken.None);
        _store.IsAway = true;
        var failed = _store.NextFailureAsync();
        _queue.Tell(Tenant("a", "old", 0));
        await failed.WithinAsync("a write fails");
        foreach (var i in Enumerable.Range(1, 1_000))
        {
            _queue.Tell(Tenant("a", $"name {i}", i));
            _queue.Tell(Tenant("b", $"name {i}", -i));
        }

        _store.IsAway = false;
        await WrittenAsync();
        Assert.Equal(["a: name 1000", "b: name 1"], _store.Written.OrderBy(static name => name, StringComparer.Ordinal));
        Assert.Equal((0, 0), (_queue.DroppedCount, _queue.WaitingCount));
    }

    [Fact]
    public async Task DatabaseAway_TooManyNouns_DropsByNameAndAsksForARebuild()
    {
        await _queue.StartAsync(CancellationToken.None);
        var incomplete = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.CaughtUpIncomplete += () => incomplete.TrySetResult();
        _store.IsAway = true;
        var failed = _store.NextFailureAsync();
        _queue.Tell(Tenant("first", "n", 0));
        await failed.WithinAsync("a write fails");
        foreach (var i in Enumerable.Range(0, InventoryQueue.MaxWaiting + InventoryQueue.MaxBatch + 10))
        {
            _queue.Tell(Tenant($"t{i}", "n", 0));
        }

        Assert.InRange(_queue.WaitingCount, InventoryQueue.MaxWaiting, InventoryQueue.MaxWaiting + InventoryQueue.MaxBatch);
        Assert.InRange(_queue.Dropped(InventoryDrop.QueueFull), 11, 11 + InventoryQueue.MaxBatch);
        Assert.False(incomplete.Task.IsCompleted);
        _store.IsAway = false;
        await WrittenAsync();
        await incomplete.Task.WithinAsync("a rebuild is asked for");
    }

    [Fact]
    public async Task RowThatTheDatabaseRefuses_KeepsNoOtherOut()
    {
        _store.Refuses = "bad";
        foreach (var name in new[] { "good", "bad", "fine" })
        {
            _queue.Tell(Tenant(name, name, 0));
        }

        await _queue.StartAsync(CancellationToken.None);
        await WrittenAsync();
        Assert.Equal(["fine: fine", "good: good"], _store.Written.OrderBy(static name => name, StringComparer.Ordinal));
        Assert.Equal(1, _queue.Dropped(InventoryDrop.Refused));
    }

    [Fact]
    public async Task Stop_DatabaseAway_DoesNotWait()
    {
        await _queue.StartAsync(CancellationToken.None);
        _store.IsAway = true;
        var failed = _store.NextFailureAsync();
        _queue.Tell(Tenant("a", "n", 0));
        await failed.WithinAsync("a write fails");
        await _queue.StopAsync(CancellationToken.None).WithinAsync("the queue stops");
        Assert.Equal((1, 0), (_queue.Dropped(InventoryDrop.Stopped), _queue.WaitingCount));
    }

    private Task WrittenAsync() => _queue.WhenWrittenAsync().WithinAsync("the queue writes");

    private static TenantRow Tenant(string id, string name, int seconds) => new() { At = DateTimeOffset.UnixEpoch.AddSeconds(seconds), TenantId = id, Name = name };

    /// <summary>Nobody waits: the back-off between tries is over at once.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
