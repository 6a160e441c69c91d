namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Tells an observer.</summary>
public interface IWatchedGrain : IGrainWithStringKey
{
    Task SubscribeAsync(IWatcher watcher);

    Task TellAsync(int number);

    Task FailAsync();

    Task<string> TellAllAtOnceAsync(int count);
}
