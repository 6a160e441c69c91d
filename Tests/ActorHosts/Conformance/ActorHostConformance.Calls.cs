using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Results, failures, timeouts, cancellation, one-way calls, isolation of arguments.</summary>
public abstract partial class ActorHostConformance
{
    private static readonly TimeSpan ShortTimeout = TimeSpan.FromSeconds(2);

    [SuiteFact]
    public async Task Call_EveryShape_ReturnsResult()
    {
        var grain = Grains.GetGrain<ICallGrain>(NewKey());
        Assert.Equal(5, await grain.AddAsync(2, 3));
        Assert.Equal(5, await grain.AddSlowlyAsync(2, 3));
        Assert.Equal(5, await grain.AddValueAsync(2, 3));
        await grain.NothingAsync();
    }

    [SuiteFact]
    public async Task Call_TwoReferences_ReachOneActivation()
    {
        var key = NewKey();
        var first = await Grains.GetGrain<ICallGrain>(key).InstanceAsync();
        Assert.Equal(first, await Grains.GetGrain<ICallGrain>(key).InstanceAsync());
        Assert.NotEqual(first, await Grains.GetGrain<ICallGrain>(key + "2").InstanceAsync());
        Assert.Equal(Grains.GetGrain<ICallGrain>(key), Grains.GetGrain<ICallGrain>(key));
        Assert.Equal(key, Grains.GetGrain<ICallGrain>(key).GetPrimaryKeyString());
    }

    [SuiteFact]
    public async Task Call_ManyCallersAtOnce_OneTurnAtATime()
    {
        var grain = Grains.GetGrain<ITurnGrain>(NewKey());
        var races = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => grain.CountRacesAsync(50))))
            .WithinAsync("32 callers");
        Assert.All(races, count => Assert.Equal(0, count));
    }

    [SuiteFact]
    public async Task Call_GrainThrowsAtOnce_CallerGetsTypeTextAndInner()
    {
        var grain = Grains.GetGrain<ICallGrain>(NewKey());
        var failure = await Assert.ThrowsAsync<ArgumentException>(grain.ThrowAtOnceAsync);
        Assert.Equal("at once", failure.Message);
        Assert.Equal("inner", Assert.IsType<FormatException>(failure.InnerException).Message);
        Assert.Equal(3, await grain.AddAsync(1, 2));
    }

    [SuiteFact]
    public async Task Call_GrainThrowsLater_CallerGetsIt()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(Grains.GetGrain<ICallGrain>(NewKey()).ThrowLaterAsync);
        Assert.Equal("later", failure.Message);
    }

    [SuiteFact]
    public async Task Call_CalleeHangs_CallerGetsTimeoutAndCalleeGoesOn()
    {
        var key = NewKey();
        var call = Grains.GetGrain<ICallGrain>(key).HangAsync("h");
        await Probe.SeenAsync(key, "h<");
        await PassTimeUntilAsync(call, ShortTimeout, "timeout");
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.Equal("h<", Probe.Notes(key));
        Probe.Open(key, "h");
        await Probe.SeenAsync(key, "h>");
        Assert.Equal(2, await Grains.GetGrain<ICallGrain>(key).AddAsync(1, 1).WithinAsync("call after the hanging one"));
    }

    [SuiteFact]
    public async Task Call_WaitsBehindHangingOne_CallerGetsTimeout()
    {
        var key = NewKey();
        var held = Grains.GetGrain<ICallGrain>(key).HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        var call = Grains.GetGrain<ICallGrain>(key).HangAsync("b");
        await PassTimeUntilAsync(call, ShortTimeout, "timeout");
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        Probe.Open(key, "a");
        await held.WithinAsync("held call");
        await Grains.GetGrain<ICallGrain>(key).NothingAsync();
        Assert.Equal("a< a>", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Call_Cycle_OutermostCallerGetsTimeout()
    {
        var call = Grains.GetGrain<ICallGrain>(NewKey("a")).CycleAsync(NewKey("b"));
        await PassTimeUntilAsync(call, ShortTimeout, "timeout of the cycle");
        await Assert.ThrowsAsync<TimeoutException>(() => call);
    }

    [SuiteFact]
    public async Task Call_CallerCancels_OperationCanceledAndCalleeSees()
    {
        var key = NewKey();
        using var source = new CancellationTokenSource();
        var call = Grains.GetGrain<ICallGrain>(key).WaitForCancelAsync("c", source.Token);
        await Probe.SeenAsync(key, "c<");
        await source.CancelAsync();
        var failure = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(typeof(OperationCanceledException), failure.GetType());
        await Probe.SeenAsync(key, "c>");
    }

    [SuiteFact]
    public async Task Call_CallerCancelsThroughTwoGrains_InnerSees()
    {
        var key = NewKey();
        using var source = new CancellationTokenSource();
        var call = Grains.GetGrain<ICallGrain>(NewKey()).WaitThroughAsync(key, "c", source.Token);
        await Probe.SeenAsync(key, "c<");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Probe.SeenAsync(key, "c>");
    }

    [SuiteFact]
    public async Task Call_TokenCancelledBefore_GrainIsNotCalled()
    {
        var key = NewKey();
        var failure = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Grains.GetGrain<ICallGrain>(key).WaitForCancelAsync("c", new CancellationToken(true)));
        Assert.Equal(typeof(OperationCanceledException), failure.GetType());
        Assert.Equal(string.Empty, Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Call_TimesOut_CalleesTokenIsNotCancelled()
    {
        var key = NewKey();
        var call = Grains.GetGrain<ICallGrain>(key).HangCancellablyAsync("c", CancellationToken.None);
        await Probe.SeenAsync(key, "c<");
        await PassTimeUntilAsync(call, ShortTimeout, "timeout");
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.Equal("c<", Probe.Notes(key));
        Probe.Open(key, "c");
        await Probe.SeenAsync(key, "c>");
    }

    [SuiteFact]
    public async Task OneWay_CalleeHangs_CallerDoesNotWait()
    {
        var key = NewKey();
        await Grains.GetGrain<ICallGrain>(key).HoldOneWayAsync("o").WithinAsync("one-way call");
        await Probe.SeenAsync(key, "o<");
        Probe.Open(key, "o");
        await Probe.SeenAsync(key, "o>");
    }

    [SuiteFact]
    public async Task OneWay_CalleeThrows_CallerDoesNotSee()
    {
        var key = NewKey();
        await Grains.GetGrain<ICallGrain>(key).ThrowOneWayAsync();
        await Probe.SeenAsync(key, "thrown");
        Assert.Equal(2, await Grains.GetGrain<ICallGrain>(key).AddAsync(1, 1));
    }

    [SuiteFact]
    public async Task Argument_MutableAndChangedByGrain_CallersIsUntouched()
    {
        List<int> numbers = [1, 2, 3];
        Assert.Equal(6, await Grains.GetGrain<ICallGrain>(NewKey()).SumAsync(numbers));
        Assert.Equal([1, 2, 3], numbers);
    }

    [SuiteFact]
    public async Task Argument_MutableAndChangedByCaller_GrainsIsUntouched()
    {
        var grain = Grains.GetGrain<ICallGrain>(NewKey());
        List<int> numbers = [1];
        var result = await grain.KeepAndReturnAsync(numbers);
        numbers.Add(2);
        result.Add(3);
        Assert.Equal([1], await grain.KeptAsync());
    }

    [SuiteFact]
    public async Task Argument_EveryKindOfMember_ComesBackEqual()
    {
        var grain = Grains.GetGrain<ICallGrain>(NewKey());
        foreach (var note in new[] { new KindsNote(), KindsNote.Full() })
        {
            var back = await grain.EchoAsync(note);
            Assert.Equal(note.Bytes.ToArray(), back.Bytes.ToArray());
            Assert.Equal(note.Texts.ToArray(), back.Texts.ToArray());
            Assert.Equal(note.Notes.ToArray(), back.Notes.ToArray());
            Assert.Equal(note with { Bytes = back.Bytes, Texts = back.Texts, Notes = back.Notes }, back);
        }
    }

    [SuiteFact]
    public async Task Argument_Reference_ReachesSameGrain()
    {
        var key = NewKey();
        var self = await Grains.GetGrain<ICallGrain>(key).SelfAsync();
        Assert.Equal(key, self.GetPrimaryKeyString());
        Assert.Equal(key, await Grains.GetGrain<ICallGrain>(NewKey()).KeyOfAsync(self));
    }
}
