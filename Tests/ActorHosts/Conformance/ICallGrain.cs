namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Calls of every shape.</summary>
public interface ICallGrain : IGrainWithStringKey
{
    Task<int> AddAsync(int left, int right);

    Task<int> AddSlowlyAsync(int left, int right);

    ValueTask<int> AddValueAsync(int left, int right);

    ValueTask NothingAsync();

    Task<string> KeyAsync();

    Task<Guid> InstanceAsync();

    Task ThrowAtOnceAsync();

    Task<int> ThrowLaterAsync();

    /// <summary>Notes begin and end of itself around a gate of the same name.</summary>
    Task HoldAsync(string name);

    [ReadOnly]
    Task HoldReadOnlyAsync(string name);

    [AlwaysInterleave]
    Task HoldInterleavingAsync(string name);

    [OneWay]
    Task HoldOneWayAsync(string name);

    [OneWay]
    Task ThrowOneWayAsync();

    [ResponseTimeout("00:00:02")]
    Task HangAsync(string name);

    /// <summary>Calls the other grain, which calls this one: a cycle. The inner grain swallows a timeout.</summary>
    [ResponseTimeout("00:00:02")]
    Task<string> CycleAsync(string other);

    [ResponseTimeout("00:00:02")]
    Task<string> CycleBackAsync(string origin);

    Task<string> WaitForCancelAsync(string name, CancellationToken cancellationToken);

    Task<string> WaitThroughAsync(string other, string name, CancellationToken cancellationToken);

    [ResponseTimeout("00:00:02")]
    Task HangCancellablyAsync(string name, CancellationToken cancellationToken);

    Task DeactivateAsync();

    [AlwaysInterleave]
    Task DeactivateInterleavingAsync();

    Task<int> SumAsync(List<int> numbers);

    Task<List<int>> KeepAndReturnAsync(List<int> numbers);

    Task<List<int>> KeptAsync();

    Task<bool> IsSameAsync(ImmutableNote note);

    Task<KindsNote> EchoAsync(KindsNote note);

    Task<ICallGrain> SelfAsync();

    Task<string> KeyOfAsync(ICallGrain other);
}
