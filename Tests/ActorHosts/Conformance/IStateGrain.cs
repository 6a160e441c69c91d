namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A grain with a stored state.</summary>
public interface IStateGrain : IGrainWithStringKey
{
    Task<CounterState> ReadAsync();

    Task<string?> WriteAsync(int count);

    Task ClearAsync();

    Task<bool> ExistsAsync();

    Task<Guid> InstanceAsync();

    Task WriteManyAtOnceAsync(int count);

    Task WriteThenChangeAsync(int first, int second);

    Task<bool> WriteClearWriteAsync();
}
