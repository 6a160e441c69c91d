using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Which calls may be inside one activation at the same time.</summary>
public abstract partial class ActorHostConformance
{
    [SuiteFact]
    public async Task Interleave_OrdinaryCalls_OneAfterTheOther()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = grain.HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        var second = grain.HoldAsync("b");
        Probe.Open(key, "b");
        Assert.Equal("a<", Probe.Notes(key));
        Probe.Open(key, "a");
        await Task.WhenAll(first, second).WithinAsync("both calls");
        Assert.Equal("a< a> b< b>", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Interleave_AlwaysInterleaveDuringOrdinary_Enters()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = grain.HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        var second = grain.HoldInterleavingAsync("b");
        await Probe.SeenAsync(key, "b<");
        Probe.Open(key, "b");
        await second.WithinAsync("interleaving call");
        Probe.Open(key, "a");
        await first.WithinAsync("ordinary call");
        Assert.Equal("a< b< b> a>", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Interleave_OrdinaryWhileOnlyAlwaysInterleaveRuns_Enters()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = grain.HoldInterleavingAsync("a");
        await Probe.SeenAsync(key, "a<");
        var second = grain.HoldAsync("b");
        await Probe.SeenAsync(key, "b<");
        Probe.Open(key, "a");
        Probe.Open(key, "b");
        await Task.WhenAll(first, second).WithinAsync("both calls");
    }

    [SuiteFact]
    public async Task Interleave_TwoReadOnly_BothEnter()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = grain.HoldReadOnlyAsync("a");
        var second = grain.HoldReadOnlyAsync("b");
        await Probe.SeenAsync(key, "a<");
        await Probe.SeenAsync(key, "b<");
        Probe.Open(key, "a");
        Probe.Open(key, "b");
        await Task.WhenAll(first, second).WithinAsync("both calls");
    }

    [SuiteFact]
    public async Task Interleave_ReadOnlyBehindQueuedWriter_Overtakes()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var reader = grain.HoldReadOnlyAsync("r1");
        await Probe.SeenAsync(key, "r1<");
        var writer = grain.HoldAsync("w");
        var overtaking = grain.HoldReadOnlyAsync("r2");
        await Probe.SeenAsync(key, "r2<");
        Assert.Equal("r1< r2<", Probe.Notes(key));
        Probe.Open(key, "r1");
        Probe.Open(key, "r2");
        Probe.Open(key, "w");
        await Task.WhenAll(reader, writer, overtaking).WithinAsync("all calls");
    }

    [SuiteFact]
    public async Task Interleave_FirstReadOnlyEnds_WriterEntersWhileSecondRuns()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var first = grain.HoldReadOnlyAsync("r1");
        await Probe.SeenAsync(key, "r1<");
        var second = grain.HoldReadOnlyAsync("r2");
        await Probe.SeenAsync(key, "r2<");
        var writer = grain.HoldAsync("w");
        Probe.Open(key, "r1");
        await first.WithinAsync("first reader");
        await Probe.SeenAsync(key, "w<");
        Probe.Open(key, "w");
        Probe.Open(key, "r2");
        await Task.WhenAll(second, writer).WithinAsync("the others");
    }

    [SuiteFact]
    public async Task Interleave_ReadOnlyDuringOrdinary_Waits()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<ICallGrain>(key);
        var writer = grain.HoldAsync("w");
        await Probe.SeenAsync(key, "w<");
        var reader = grain.HoldReadOnlyAsync("r");
        Probe.Open(key, "r");
        Assert.Equal("w<", Probe.Notes(key));
        Probe.Open(key, "w");
        await Task.WhenAll(writer, reader).WithinAsync("both calls");
        Assert.Equal("w< w> r< r>", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Interleave_ReentrantGrain_AllEnterButNeverTwoThreads()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<IReentrantGrain>(key);
        var first = grain.HoldAsync("a");
        var second = grain.HoldAsync("b");
        await Probe.SeenAsync(key, "a<");
        await Probe.SeenAsync(key, "b<");
        Probe.Open(key, "b");
        await second.WithinAsync("second call");
        Probe.Open(key, "a");
        await first.WithinAsync("first call");
        var races = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => grain.CountRacesAsync(50))))
            .WithinAsync("16 callers");
        Assert.All(races, count => Assert.Equal(0, count));
    }

    [SuiteFact]
    public async Task Interleave_ReentrantGrainIsCalledBack_Answers()
    {
        var key = NewKey();
        Assert.Equal(key, await Grains.GetGrain<IReentrantGrain>(key).CallBackThroughAsync(NewKey()).WithinAsync("call back"));
    }

    [SuiteFact]
    public async Task Worker_TwoCallsHold_TwoActivationsAndNoThird()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<IWorkerGrain>(key);
        var first = grain.HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        var second = grain.HoldAsync("b");
        await Probe.SeenAsync(key, "b<");
        var third = grain.HoldAsync("c");
        Probe.Open(key, "c");
        Probe.Open(key, "a");
        Probe.Open(key, "b");
        var instances = await Task.WhenAll(first, second, third).WithinAsync("all calls");
        Assert.Equal(2, instances.Distinct().Count());
    }
}
