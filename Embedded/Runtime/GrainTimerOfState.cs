namespace OrleansUem.Embedded.Runtime;

/// <summary>A timer with its callback.</summary>
internal sealed class GrainTimer<TState> : GrainTimer
{
    private readonly Func<TState, CancellationToken, Task> _callback;
    private readonly TState _state;

    internal GrainTimer(
        Activation activation, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
        : base(activation, options)
    {
        _callback = callback;
        _state = state;
        Start();
    }

    protected override Task Invoke(CancellationToken cancellationToken) => _callback(_state, cancellationToken);
}
