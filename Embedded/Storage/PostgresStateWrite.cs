namespace OrleansUem.Embedded.Storage;

/// <summary>A new payload of a row; the outcome is the new version, null when the row has another version than the one that the writer read.</summary>
internal sealed class PostgresStateWrite(StorageRow row, byte[]? payload, int version) : PostgresChange
{
    /// <summary>The version of a row that is not there yet.</summary>
    internal const int NoVersion = 0;

    private readonly TaskCompletionSource<int?> _promise = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal StorageRow Row => row;

    internal byte[]? Payload => payload;

    internal int Version => version;

    internal Task<int?> Task => _promise.Task;

    internal void Stored(int? newVersion) => _promise.TrySetResult(newVersion);

    internal override void Failed(Exception failure) => _promise.TrySetException(failure);
}
