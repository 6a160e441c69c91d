namespace OrleansUem.Embedded.Runtime;

internal sealed class GrainTimer<TState> : IGrainTimer
{
    internal GrainTimer(Activation activation, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        Parts = (activation, callback, state, options);
    }

    private object Parts { get; }

    public void Change(TimeSpan dueTime, TimeSpan period) => throw new InvalidOperationException(Parts.ToString());

    public void Dispose()
    {
    }
}
