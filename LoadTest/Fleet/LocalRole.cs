namespace OrleansUem.LoadTest.Fleet;

/// <summary>A silo, an edge or a node that runs in this process until it is disposed.</summary>
internal sealed class LocalRole : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Starts a role.</summary>
    /// <param name="run">The role: gets what to call once it is ready, and what ends it.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The role and what it said when it was ready.</returns>
    /// <exception cref="InvalidOperationException">It ended before it was ready; its own exceptions go through.</exception>
    public static async Task<(LocalRole Role, T Ready)> StartAsync<T>(Func<Action<T>, CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        var role = new LocalRole();
        var ready = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        role._running = run(value => ready.TrySetResult(value), role._stop.Token);
        try
        {
            if (await Task.WhenAny(ready.Task, role._running).WaitAsync(cancellationToken) == role._running)
            {
                await role._running;
                throw new InvalidOperationException($"A role ended before it was ready ({typeof(T).Name}).");
            }

            return (role, await ready.Task);
        }
        catch
        {
            await role._stop.CancelAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
