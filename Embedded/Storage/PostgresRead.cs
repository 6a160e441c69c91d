namespace OrleansUem.Embedded.Storage;

/// <summary>A row that somebody waits for.</summary>
internal sealed class PostgresRead(StorageRow row)
{
    private readonly TaskCompletionSource<StoredRow?> _promise = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal StorageRow Row => row;

    internal Task<StoredRow?> Task => _promise.Task;

    /// <summary>Null: there is none.</summary>
    internal void Found(StoredRow? found) => _promise.TrySetResult(found);

    internal void Failed(Exception failure) => _promise.TrySetException(failure);
}
