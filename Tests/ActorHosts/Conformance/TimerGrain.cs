namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class TimerGrain : Grain, ITimerGrain
{
    private IGrainTimer? _timer;
    private int _ticks;

    public Task StartAsync(TimeSpan dueTime, TimeSpan period, bool interleaves, bool waits)
    {
        _timer = this.RegisterGrainTimer(
            static (state, _) => state.Grain.TickAsync(state.Waits),
            (Grain: this, Waits: waits),
            new GrainTimerCreationOptions(dueTime, period) { Interleave = interleaves });
        return Task.CompletedTask;
    }

    public Task StopAsync()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task ChangeAsync(TimeSpan dueTime, TimeSpan period)
    {
        _timer!.Change(dueTime, period);
        return Task.CompletedTask;
    }

    public async Task HoldAsync(string name)
    {
        var key = this.GetPrimaryKeyString();
        Probe.Note(key, name + "<");
        await Probe.GateAsync(key, name);
        Probe.Note(key, name + ">");
    }

    public Task FailAsync(TimeSpan period)
    {
        this.RegisterGrainTimer(FailingTick, period, period);
        return Task.CompletedTask;

        Task FailingTick()
        {
            Probe.Note(this.GetPrimaryKeyString(), "failing");
            throw new InvalidOperationException("tick");
        }
    }

    private async Task TickAsync(bool waits)
    {
        var key = this.GetPrimaryKeyString();
        var tick = $"tick{++_ticks}";
        Probe.Note(key, tick + "<");
        if (waits)
        {
            await Probe.GateAsync(key, tick);
        }

        Probe.Note(key, tick + ">");
    }
}
