namespace OrleansUem.Tests.ActorHosts;

/// <summary>Notes when two turns or two activations of one key overlap.</summary>
public interface IStressGrain : IGrainWithStringKey
{
    Task<int> QuickAsync(int number);

    Task<int> YieldAsync(int number, int yields);

    [ReadOnly]
    Task<int> ReadAsync(int number);

    [AlwaysInterleave]
    Task<int> InterleaveAsync(int number);

    Task<int> ThroughAsync(string[] keys, int number);

    Task<int> EndAsync(int number);

    [OneWay]
    Task ForgetAsync();
}
