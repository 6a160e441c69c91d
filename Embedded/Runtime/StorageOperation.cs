namespace OrleansUem.Embedded.Runtime;

/// <summary>One read, write or clear of a state, in the line of its state's operations.</summary>
internal sealed class StorageOperation(StorageOperationKind kind, StorageOperation? before)
{
    internal StorageOperationKind Kind => kind;

    /// <summary>Who goes first; let go once this one runs, so that a line of writes is no chain in memory.</summary>
    internal StorageOperation? Before { get; set; } = before;

    /// <summary>Until then another caller who wants the same joins it.</summary>
    internal bool HasBegun { get; set; }

    internal Task Task { get; set; } = Task.CompletedTask;
}
