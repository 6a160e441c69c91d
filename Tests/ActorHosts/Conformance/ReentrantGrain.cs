namespace OrleansUem.Tests.ActorHosts.Conformance;

[Reentrant]
public sealed class ReentrantGrain : Grain, IReentrantGrain
{
    private int _inside;
    private int _races;

    public async Task HoldAsync(string name)
    {
        var key = this.GetPrimaryKeyString();
        Probe.Note(key, name + "<");
        await Probe.GateAsync(key, name);
        Probe.Note(key, name + ">");
    }

    public async Task<string> CallBackThroughAsync(string other)
    {
        if (other.Length == 0)
        {
            return this.GetPrimaryKeyString();
        }

        return await GrainFactory.GetGrain<IRelayGrain>(other).BackAsync(this.GetPrimaryKeyString());
    }

    public async Task<int> CountRacesAsync(int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            // Two threads inside at once would see each other's increment.
            _races += Interlocked.Increment(ref _inside) == 1 ? 0 : 1;
            Interlocked.Decrement(ref _inside);
            await Task.Yield();
        }

        return _races;
    }
}
