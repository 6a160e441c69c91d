namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class WatchedGrain : Grain, IWatchedGrain
{
    private readonly HashSet<IWatcher> _watchers = [];

    public Task SubscribeAsync(IWatcher watcher)
    {
        _watchers.Add(watcher);
        return Task.CompletedTask;
    }

    public Task TellAsync(int number) => Task.WhenAll(_watchers.Select(watcher => watcher.SeenAsync(number)));

    public Task FailAsync() => _watchers.Single().FailAsync();

    public async Task<string> TellAllAtOnceAsync(int count)
    {
        var watcher = _watchers.Single();
        watcher.Told(-1);
        await Task.WhenAll(Enumerable.Range(0, count).Select(watcher.SeenAsync));
        return $"{_watchers.Count} watchers";
    }
}
