using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Activation, deactivation, timers, observers.</summary>
public abstract partial class ActorHostConformance
{
    [SuiteFact]
    public async Task Activate_Waits_AllCallersWaitForOne()
    {
        var key = NewKey("wait");
        var calls = Enumerable.Range(0, 8).Select(_ => Grains.GetGrain<ILifeGrain>(key).NumberAsync()).ToArray();
        await Probe.SeenAsync(key, "activating");
        Assert.DoesNotContain(calls, static call => call.IsCompleted);
        Probe.Open(key, "activate");
        Assert.All(await Task.WhenAll(calls).WithinAsync("calls"), static number => Assert.Equal(1, number));
        Assert.Equal("activating", Probe.Notes(key));
    }

    // Between silos a call may arrive after the failure; then it is the one that tries again.
    [SuiteFact]
    public async Task Activate_FailsWhileCallersWait_TheyGetItAndNextRetries()
    {
        var key = NewKey("wait-fail");
        var calls = Enumerable.Range(0, 4).Select(_ => Grains.GetGrain<ILifeGrain>(key).NumberAsync()).ToArray();
        await Probe.SeenAsync(key, "activating");
        Probe.Open(key, "activate");
        await Task.WhenAny(Task.WhenAll(calls)).WithinAsync("failed activation");
        Assert.Contains(calls, static call => call.IsFaulted);
        foreach (var call in calls)
        {
            if (call.IsFaulted)
            {
                Assert.IsType<FormatException>(call.Exception!.InnerException);
            }
            else
            {
                Assert.Equal(2, await call);
            }
        }

        Assert.Equal(2, await Grains.GetGrain<ILifeGrain>(key).NumberAsync().WithinAsync("next call"));
    }

    [SuiteFact]
    public async Task Activate_FailsAtOnce_CallerGetsItAndNextRetries()
    {
        var grain = Grains.GetGrain<ILifeGrain>(NewKey("fail"));
        await Assert.ThrowsAsync<FormatException>(grain.NumberAsync);
        Assert.Equal(2, await grain.NumberAsync().WithinAsync("next call"));
    }

    [SuiteFact]
    public async Task DeactivateOnIdle_NextCall_ReachesNewInstance()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = await grain.InstanceAsync();
        await grain.DeactivateAsync();
        Assert.NotEqual(first, await grain.InstanceAsync().WithinAsync("call after the end"));
        Assert.Equal("deactivated", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task DeactivateOnIdle_CallsAreQueued_RunOnNewInstance()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = await grain.InstanceAsync();
        var held = grain.HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        await grain.DeactivateInterleavingAsync().WithinAsync("the wish to end");
        var queued = grain.InstanceAsync();
        Probe.Open(key, "a");
        await held.WithinAsync("call before the end");
        Assert.NotEqual(first, await queued.WithinAsync("queued call"));
    }

    [SuiteFact]
    public async Task DeactivateAll_StateOfInstance_IsGone()
    {
        var grain = Grains.GetGrain<ICallGrain>(NewKey());
        var first = await grain.InstanceAsync();
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.NotEqual(first, await grain.InstanceAsync());
    }

    [SuiteFact]
    public async Task Timer_PeriodPasses_TicksUntilStopped()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ITimerGrain>(key);
        await grain.StartAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), interleaves: false, waits: false);
        for (var tick = 1; tick <= 3; tick++)
        {
            await Fixture.PassTimeAsync(TimeSpan.FromSeconds(1));
            await Probe.SeenAsync(key, $"tick{tick}>");
            await grain.HoldOpenAsync(key);
        }

        await grain.StopAsync();
        var seen = Probe.Notes(key);
        await Fixture.PassTimeAsync(TimeSpan.FromSeconds(5));
        await grain.HoldOpenAsync(key);
        Assert.DoesNotContain("tick4", Probe.Notes(key)[seen.Length..], StringComparison.Ordinal);
    }

    [SuiteFact]
    public async Task Timer_CallRuns_TickWaits()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ITimerGrain>(key);
        await grain.StartAsync(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan, interleaves: false, waits: false);
        var held = grain.HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        await Fixture.PassTimeAsync(TimeSpan.FromSeconds(2));
        Assert.Equal("a<", Probe.Notes(key));
        Probe.Open(key, "a");
        await held.WithinAsync("held call");
        await Probe.SeenAsync(key, "tick1>");
        Assert.Equal("a< a> tick1< tick1>", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Timer_TickRuns_CallWaitsAndInterleavingTickDoesNotBlock()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ITimerGrain>(key);
        await grain.StartAsync(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan, interleaves: false, waits: true);
        await Fixture.PassTimeAsync(TimeSpan.FromSeconds(1));
        await Probe.SeenAsync(key, "tick1<");
        var call = grain.HoldAsync("a");
        Probe.Open(key, "a");
        Probe.Open(key, "tick1");
        await call.WithinAsync("call behind the tick");
        Assert.Equal("tick1< tick1> a< a>", Probe.Notes(key));

        await grain.StartAsync(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan, interleaves: true, waits: true);
        await Fixture.PassTimeAsync(TimeSpan.FromSeconds(1));
        await Probe.SeenAsync(key, "tick2<");
        await grain.HoldAsync("a").WithinAsync("call during an interleaving tick");
        Probe.Open(key, "tick2");
        await Probe.SeenAsync(key, "tick2>");
    }

    [SuiteFact]
    public async Task Timer_Fails_TicksAgain()
    {
        var key = NewKey();
        await Grains.GetGrain<ITimerGrain>(key).FailAsync(TimeSpan.FromSeconds(1));
        for (var tick = 1; tick <= 2; tick++)
        {
            await Fixture.PassTimeAsync(TimeSpan.FromSeconds(1));
            await Probe.SeenAsync(key, "failing", tick);
            await Grains.GetGrain<ITimerGrain>(key).HoldOpenAsync(key);
        }
    }

    [SuiteFact]
    public async Task Timer_Changed_NewDueTimeHolds()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ITimerGrain>(key);
        await grain.StartAsync(TimeSpan.FromHours(10), Timeout.InfiniteTimeSpan, interleaves: false, waits: false);
        await grain.ChangeAsync(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        await Fixture.PassTimeAsync(TimeSpan.FromSeconds(1));
        await Probe.SeenAsync(key, "tick1>");
    }

    // In no order that may be relied on: calls that wait until Orleans has looked up where the observer is overtake each other, and its table of clients may ask for that again at any time.
    [SuiteFact]
    public async Task Observer_ManyCallsAtOnce_OneAtATimeAndOnce()
    {
        var watcher = new Watcher();
        var reference = Grains.CreateObjectReference<IWatcher>(watcher);
        var grain = Grains.GetGrain<IWatchedGrain>(NewKey());
        await grain.SubscribeAsync(reference);
        await grain.SubscribeAsync(reference);
        await grain.TellAsync(-2).WithinAsync("first call");
        Assert.Equal("1 watchers", await grain.TellAllAtOnceAsync(20).WithinAsync("observer calls"));
        await watcher.WasTold.WithinAsync("one-way call");
        Assert.Equal(Enumerable.Range(-2, 22), watcher.Numbers.Order());
        Assert.False(watcher.Overlapped);
        GC.KeepAlive(watcher);
    }

    [SuiteFact]
    public async Task Observer_Deleted_CallerGetsTimeout()
    {
        var watcher = new Watcher();
        var reference = Grains.CreateObjectReference<IWatcher>(watcher);
        var grain = Grains.GetGrain<IWatchedGrain>(NewKey());
        await grain.SubscribeAsync(reference);
        await grain.TellAsync(1).WithinAsync("call before");
        Grains.DeleteObjectReference<IWatcher>(reference);
        var call = grain.TellAsync(2);
        await PassTimeUntilAsync(call, ShortTimeout, "timeout");
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.Equal([1], watcher.Numbers);
    }

    [SuiteFact]
    public async Task Observer_Throws_CallerGetsIt()
    {
        var watcher = new Watcher();
        var grain = Grains.GetGrain<IWatchedGrain>(NewKey());
        await grain.SubscribeAsync(Grains.CreateObjectReference<IWatcher>(watcher));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => grain.FailAsync().WithinAsync("failing call"));
        Assert.Equal("watcher", failure.Message);
        GC.KeepAlive(watcher);
    }

    private sealed class Watcher : IWatcher
    {
        private readonly TaskCompletionSource _wasTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _inside;

        public Task WasTold => _wasTold.Task;

        public List<int> Numbers { get; } = [];

        public bool Overlapped { get; private set; }

        public async Task SeenAsync(int number)
        {
            Overlapped |= Interlocked.Increment(ref _inside) != 1;
            Numbers.Add(number);
            await Task.Yield();
            Interlocked.Decrement(ref _inside);
        }

        public void Told(int number)
        {
            Numbers.Add(number);
            _wasTold.SetResult();
        }

        public Task FailAsync() => throw new InvalidOperationException("watcher");
    }
}
