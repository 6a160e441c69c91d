namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A grain that filters its own calls.</summary>
public interface IFilteredGrain : IGrainWithStringKey
{
    Task<int> DoubleAsync(int number);
}
