using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>A statement with its outcome for the one who waits.</summary>
internal sealed class PostgresStatement<TResult>(Func<NpgsqlConnection, Task<TResult>> run) : PostgresStatement
{
    private readonly TaskCompletionSource<TResult> _promise = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<TResult> Task => _promise.Task;

    internal override async Task RunAsync(NpgsqlConnection connection) => _promise.TrySetResult(await run(connection));

    internal override void Failed(Exception failure) => _promise.TrySetException(failure);
}
