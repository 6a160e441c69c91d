namespace OrleansUem.Embedded.Runtime;

internal abstract class Activation : TaskScheduler, IGrainContext
{
    public GrainId GrainId => Target.GrainId;

    public object? GrainInstance { get; }

    public IServiceProvider ActivationServices { get; } = null!;

    public Task Deactivated { get; } = Task.CompletedTask;

    internal ActorHost Host { get; } = null!;

    internal CallTarget Target { get; } = null!;

    public abstract void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);

    internal abstract void DelayDeactivation(TimeSpan timeSpan);

    internal abstract void CheckTurn();
}
