using System.Data.Common;
using OrleansUem.Silo.Inventory;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>A database of the inventory that keeps the names of tenants, and is away or refuses a row when a test says so.</summary>
internal sealed class StoreDouble : InventoryStore
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _failed = New();

    public volatile bool IsAway;

    /// <summary>The id of a row that it does not take.</summary>
    public string? Refuses { get; set; }

    public List<string> Written { get; } = [];

    public override DbDataSource Readers => throw new NotSupportedException("Nobody reads here.");

    public Task NextFailureAsync()
    {
        lock (_lock)
        {
            return _failed.Task;
        }
    }

    public override Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<TimeSpan> CompareClockAsync(CancellationToken cancellationToken) => Task.FromResult(TimeSpan.Zero);

    public override Task<int> WriteAsync(IReadOnlyList<InventoryStatement> statements, CancellationToken cancellationToken)
    {
        var fault = IsAway ? new Fault(isOfTheRow: false) : statements.Any(IsRefused) ? new Fault(isOfTheRow: true) : null;
        if (fault is null)
        {
            Written.AddRange(statements.Select(static statement => $"{Value(statement, "id")}: {Value(statement, "name")}"));
        }

        lock (_lock)
        {
            if (fault is not null)
            {
                _failed.SetResult();
                _failed = New();
            }
        }

        return fault is null ? Task.FromResult(statements.Count) : Task.FromException<int>(fault);
    }

    public override bool IsOfTheRow(DbException fault) => fault is Fault { IsOfTheRow: true };

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsRefused(InventoryStatement statement) => Equals(Value(statement, "id"), Refuses);

    private static object? Value(InventoryStatement statement, string name) => statement.Parameters.First(parameter => parameter.Name == name).Value;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Fault(bool isOfTheRow) : DbException
    {
        public bool IsOfTheRow => isOfTheRow;
    }
}
