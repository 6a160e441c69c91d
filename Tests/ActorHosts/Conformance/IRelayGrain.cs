namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Calls a reentrant grain back.</summary>
public interface IRelayGrain : IGrainWithStringKey
{
    Task<string> BackAsync(string origin);
}
