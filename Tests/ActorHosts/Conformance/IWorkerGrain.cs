namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A stateless worker with at most two activations.</summary>
public interface IWorkerGrain : IGrainWithStringKey
{
    Task<Guid> HoldAsync(string name);
}
