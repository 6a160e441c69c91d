namespace OrleansUem.Tests.Embedded.Conformance;

/// <summary>A grain with a stored state.</summary>
public interface IStateGrain : IGrainWithStringKey
{
    Task<CounterState> ReadAsync();

    Task<string?> WriteAsync(int count);

    Task ClearAsync();

    Task<bool> ExistsAsync();

    Task<Guid> InstanceAsync();

    /// <summary>Writes twice at once, the second over a version that the first has replaced.</summary>
    Task WriteTwiceAtOnceAsync();
}
