namespace OrleansUem.Embedded.Storage;

/// <summary>A change with its outcome for the one who waits.</summary>
internal sealed class SqliteWrite<TResult>(Func<SqliteCommands, TResult> execute) : SqliteWrite
{
    private readonly TaskCompletionSource<TResult> _promise = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult? _result;

    internal Task<TResult> Task => _promise.Task;

    internal override void Execute(SqliteCommands commands) => _result = execute(commands);

    internal override void Committed() => _promise.TrySetResult(_result!);

    internal override void Failed(Exception failure) => _promise.TrySetException(failure);
}
