namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Its calls interleave.</summary>
public interface IReentrantGrain : IGrainWithStringKey
{
    Task HoldAsync(string name);

    Task<string> CallBackThroughAsync(string other);

    Task<int> CountRacesAsync(int rounds);
}
