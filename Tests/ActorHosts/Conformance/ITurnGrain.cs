namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Looks at the surroundings of its own turns.</summary>
public interface ITurnGrain : IGrainWithStringKey
{
    Task<bool> HasSynchronizationContextAsync();

    /// <summary>The steps whose continuation ran on another scheduler than the turn.</summary>
    Task<string> LeavesTurnAsync();

    /// <summary>The type of the failure when grain services are used outside of the turn.</summary>
    Task<string> UseOutsideAsync(string service);

    Task<string?> AsyncLocalAsync();

    Task SetAsyncLocalAsync(string value);

    Task<string?> ActivityAsync();

    Task<string?> ContextAsync(string key);

    Task SetContextAsync(string key, string value);

    Task<string?> ContextThroughAsync(string other, string key);

    Task<int> CountRacesAsync(int rounds);
}
