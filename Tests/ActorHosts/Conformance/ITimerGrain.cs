namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Timers of a grain. Each tick notes its begin and its end around the gate of its number.</summary>
public interface ITimerGrain : IGrainWithStringKey
{
    Task StartAsync(TimeSpan dueTime, TimeSpan period, bool interleaves, bool waits);

    Task StopAsync();

    Task ChangeAsync(TimeSpan dueTime, TimeSpan period);

    Task HoldAsync(string name);

    Task FailAsync(TimeSpan period);
}
