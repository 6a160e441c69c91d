namespace OrleansUem.Tests.Kit;

/// <summary>Waits for events of a test, bounded so that a fault fails the test by name instead of hanging the run.</summary>
public static class BoundedWait
{
    /// <summary>Generous: a loaded machine must not fail a test that would pass.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<T> WithinAsync<T>(this Task<T> task, string phase)
    {
        await ((Task)task).WithinAsync(phase);
        return await task;
    }

    public static async Task WithinAsync(this Task task, string phase)
    {
        try
        {
            await task.WaitAsync(Limit);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Waited {Limit.TotalSeconds} s for: {phase}.", e);
        }
    }
}
