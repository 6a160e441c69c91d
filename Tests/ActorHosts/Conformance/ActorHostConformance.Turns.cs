using System.Diagnostics;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Where grain code runs and what flows into it.</summary>
public abstract partial class ActorHostConformance
{
    [SuiteFact]
    public async Task Turn_EveryWayToContinue_StaysInTurn()
    {
        var grain = Grains.GetGrain<ITurnGrain>(NewKey());
        Assert.False(await grain.HasSynchronizationContextAsync());
        Assert.Equal(string.Empty, await grain.LeavesTurnAsync().WithinAsync("steps"));
    }

    [Theory]
    [InlineData("factory", nameof(InvalidOperationException))]
    [InlineData("timer", nameof(InvalidOperationException))]
    [InlineData("key", "none")]
    [InlineData("deactivate", "none")]
    [InlineData("delay", "none")]
    public async Task Turn_ServiceUsedOutside_ThrowsOrNot(string service, string outcome) =>
        Assert.Equal(outcome, await Grains.GetGrain<ITurnGrain>(NewKey()).UseOutsideAsync(service));

    [SuiteFact]
    public async Task Flow_AsyncLocalAndActivity_DoNotReachGrainNorCaller()
    {
        var grain = Grains.GetGrain<ITurnGrain>(NewKey());
        TurnGrain.Local.Value = "caller";
        using var activity = new Activity("caller").Start();
        Assert.Null(await grain.AsyncLocalAsync());
        Assert.Null(await grain.ActivityAsync());
        await grain.SetAsyncLocalAsync("grain");
        Assert.Equal("caller", TurnGrain.Local.Value);
        Assert.Same(activity, Activity.Current);
        Assert.Null(await grain.AsyncLocalAsync());
    }

    [SuiteFact]
    public async Task Flow_RequestContext_FlowsInThroughAndNotBack()
    {
        var grain = Grains.GetGrain<ITurnGrain>(NewKey());
        RequestContext.Set("who", "caller");
        Assert.Equal("caller", await grain.ContextAsync("who"));
        Assert.Equal("caller", await grain.ContextThroughAsync(NewKey(), "who"));
        await grain.SetContextAsync("who", "grain");
        Assert.Equal("caller", RequestContext.Get("who"));
        RequestContext.Clear();
        Assert.Null(await grain.ContextAsync("who"));
    }

    [SuiteFact]
    public async Task Filters_OutgoingIncomingGrain_RunInOrderAndMayChangeBoth()
    {
        await using var fixture = await StartAsync([new NotingFilter("1"), new NotingFilter("2")]);
        var key = NewKey();
        Assert.Equal(108, await fixture.Grains.GetGrain<IFilteredGrain>(key).DoubleAsync(3));
        Assert.Equal("1< 2< 1< 2< grain< method grain> 2> 1> 2> 1>", Probe.Notes(key));
    }

    [SuiteFact]
    public async Task Filters_GrainsOwnOnly_Runs()
    {
        var key = NewKey();
        Assert.Equal(108, await Grains.GetGrain<IFilteredGrain>(key).DoubleAsync(3));
        Assert.Equal("grain< method grain>", Probe.Notes(key));
    }
}
