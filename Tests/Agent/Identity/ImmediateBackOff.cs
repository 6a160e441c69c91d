namespace OrleansUem.Tests.Agent;

/// <summary>
/// A clock that stands still and whose short one-shot timers, the back-off between attempts, fire at once; longer ones, the limits of handshakes and
/// answers, never do.
/// </summary>
internal sealed class ImmediateBackOff(DateTimeOffset now) : TimeProvider
{
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(5);

    public override DateTimeOffset GetUtcNow() => now;

    public override long GetTimestamp() => 0;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var isBackOff = period == Timeout.InfiniteTimeSpan && dueTime >= TimeSpan.Zero && dueTime < LongestBackOff;
        if (isBackOff)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => callback(state), null);
        }

        return new Idle();
    }

    private sealed class Idle : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
