namespace OrleansUem.Tests.Embedded.Conformance;

/// <summary>Tells an observer.</summary>
public interface IWatchedGrain : IGrainWithStringKey
{
    Task SubscribeAsync(IWatcher watcher);

    Task TellAsync(int number);

    Task<string> TellAllAtOnceAsync(int count);
}
