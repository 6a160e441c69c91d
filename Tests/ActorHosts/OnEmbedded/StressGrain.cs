using System.Collections.Concurrent;

namespace OrleansUem.Tests.ActorHosts;

[MayInterleave(nameof(MayInterleave))]
public sealed class StressGrain : Grain, IStressGrain
{
    private static readonly ConcurrentDictionary<string, StressGrain> Active = new();
    private static int _overlaps;
    private static int _active;
    private int _inside;

    /// <summary>Turns of one activation, or activations of one key, that ran at the same time.</summary>
    public static int Overlaps => Volatile.Read(ref _overlaps);

    public static int ActiveCount => Volatile.Read(ref _active);

    public static bool MayInterleave(IInvokable request) => request.GetMethodName() == nameof(IStressGrain.YieldAsync)
        && (int)request.GetArgument(1)! == 1;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _active);
        if (!Active.TryAdd(this.GetPrimaryKeyString(), this))
        {
            Interlocked.Increment(ref _overlaps);
        }

        if (this.GetPrimaryKeyString().EndsWith('3'))
        {
            await Task.Yield();
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Active.TryRemove(new KeyValuePair<string, StressGrain>(this.GetPrimaryKeyString(), this));
        Interlocked.Decrement(ref _active);
    }

    public Task<int> QuickAsync(int number) => Task.FromResult(Turn(number));

    public async Task<int> YieldAsync(int number, int yields)
    {
        for (var i = 0; i < yields; i++)
        {
            Turn(i);
            await Task.Yield();
        }

        return Turn(number);
    }

    public async Task<int> ReadAsync(int number)
    {
        await Task.Yield();
        return Turn(number);
    }

    public async Task<int> InterleaveAsync(int number)
    {
        Turn(number);
        await Task.Yield();
        return Turn(number);
    }

    /// <summary>Calls the first key, which calls the second, and so on: a chain without a cycle.</summary>
    public async Task<int> ThroughAsync(string[] keys, int number)
    {
        Turn(number);
        return keys.Length == 0 ? number : await GrainFactory.GetGrain<IStressGrain>(keys[0]).ThroughAsync(keys[1..], number);
    }

    public Task<int> EndAsync(int number)
    {
        DeactivateOnIdle();
        return Task.FromResult(Turn(number));
    }

    public Task ForgetAsync()
    {
        Turn(0);
        return Task.CompletedTask;
    }

    private int Turn(int number)
    {
        if (Interlocked.Increment(ref _inside) != 1)
        {
            Interlocked.Increment(ref _overlaps);
        }

        Interlocked.Decrement(ref _inside);
        return number;
    }
}
