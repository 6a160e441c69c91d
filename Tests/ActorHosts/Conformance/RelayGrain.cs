namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class RelayGrain : Grain, IRelayGrain
{
    public Task<string> BackAsync(string origin) =>
        GrainFactory.GetGrain<IReentrantGrain>(origin).CallBackThroughAsync(string.Empty);
}
