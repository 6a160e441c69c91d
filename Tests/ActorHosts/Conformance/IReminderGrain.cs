namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A grain with reminders; ticks are noted by name.</summary>
public interface IReminderGrain : IGrainWithStringKey
{
    Task RegisterAsync(string name, TimeSpan dueTime, TimeSpan period);

    Task UnregisterAsync(string name);

    Task<string> NamesAsync();
}
