namespace OrleansUem.Tests.Embedded.Conformance;

public sealed class RelayGrain : Grain, IRelayGrain
{
    public Task<string> BackAsync(string origin) =>
        GrainFactory.GetGrain<IReentrantGrain>(origin).CallBackThroughAsync(string.Empty);
}
