namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Activation that may wait or fail; its key says how.</summary>
public interface ILifeGrain : IGrainWithStringKey
{
    Task<int> NumberAsync();
}
