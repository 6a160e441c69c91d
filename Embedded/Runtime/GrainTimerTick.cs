namespace OrleansUem.Embedded.Runtime;

/// <summary>One tick of a grain timer in the mailbox of its activation.</summary>
internal sealed class GrainTimerTick(GrainTimer timer) : Request(null, timer.Method)
{
    internal override bool IsDone => timer.IsEnded;

    internal override Task Promise => Task.CompletedTask;

    internal override bool CountsAsUse => timer.KeepsAlive;

    protected override bool IsFiltered => false;

    public override int GetArgumentCount() => 0;

    public override object? GetArgument(int index) => null;

    public override void SetArgument(int index, object value)
    {
    }

    // The mailbox is full: the timer goes on with its next tick.
    internal override bool TryFail(Exception failure)
    {
        timer.TickEnded(Task.FromException(failure));
        return true;
    }

    internal override Task InvokeTarget(object instance) => timer.Tick() ?? NullTask.Of<object>();

    internal override object? ResultOf(Task completed) => null;

    // The timer ended with its activation.
    internal override void SendAgain()
    {
    }

    protected override Task InvokeFiltered(object instance) => timer.Tick();

    protected override void Answer(Task completed) => timer.TickEnded(completed);
}
