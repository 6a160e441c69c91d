using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Persistent state and reminders.</summary>
public abstract partial class ActorHostConformance
{
    [SuiteFact]
    public async Task State_WrittenAndReactivated_IsReadBack()
    {
        var grain = Grains.GetGrain<IStateGrain>(NewKey());
        Assert.False(await grain.ExistsAsync());
        Assert.Equal(0, (await grain.ReadAsync()).Count);
        var first = await grain.WriteAsync(7);
        var second = await grain.WriteAsync(8);
        Assert.NotEqual(first, second);
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        var state = await grain.ReadAsync();
        Assert.Equal(8, state.Count);
        Assert.Equal(["n7", "n8"], state.Names);
        Assert.True(await grain.ExistsAsync());
    }

    [SuiteFact]
    public async Task State_Cleared_IsNewAndMayBeWrittenAgain()
    {
        var grain = Grains.GetGrain<IStateGrain>(NewKey());
        await grain.WriteAsync(7);
        await grain.ClearAsync();
        Assert.False(await grain.ExistsAsync());
        Assert.Equal(0, (await grain.ReadAsync()).Count);
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.False(await grain.ExistsAsync());
        await grain.WriteAsync(9);
        Assert.Equal(9, (await grain.ReadAsync()).Count);
    }

    [SuiteFact]
    public async Task State_ManyWritesAtOnce_AllSucceedAndLastStateIsStored()
    {
        var grain = Grains.GetGrain<IStateGrain>(NewKey());
        await grain.WriteManyAtOnceAsync(5);
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.Equal(5, (await grain.ReadAsync()).Count);
    }

    [SuiteFact]
    public async Task State_ChangedAfterWriteWasAskedFor_ChangeIsInIt()
    {
        var grain = Grains.GetGrain<IStateGrain>(NewKey());
        await grain.WriteThenChangeAsync(1, 2);
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.Equal(2, (await grain.ReadAsync()).Count);
    }

    [SuiteFact]
    public async Task State_WriteClearAndWriteAtOnce_RunInTheirOrder()
    {
        var grain = Grains.GetGrain<IStateGrain>(NewKey());
        Assert.True(await grain.WriteClearWriteAsync());
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.True(await grain.ExistsAsync());
    }

    [SuiteFact]
    public async Task State_WrittenAtDeactivation_IsReadBack()
    {
        var grain = Grains.GetGrain<IStateGrain>(NewKey("write-at-end"));
        await grain.WriteAsync(7);
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.Equal(8, (await grain.ReadAsync()).Count);
    }

    [SuiteFact]
    public async Task Reminder_PeriodPasses_TicksAndSurvivesDeactivation()
    {
        var key = NewKey();
        var grain = Grains.GetGrain<IReminderGrain>(key);
        await grain.RegisterAsync("r", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2));
        Assert.Equal("r", await grain.NamesAsync());
        await Fixture.DeactivateAllAsync().WithinAsync("deactivation");
        await Fixture.PassTimeAsync(TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "r");
        await grain.NamesAsync();
        await PassTimeUntilAsync(Probe.SeenAsync(key, "r", 2), TimeSpan.FromMinutes(1), "second tick");
        await grain.UnregisterAsync("r");
        Assert.Equal(string.Empty, await grain.NamesAsync());
    }

    [SuiteFact]
    public async Task Reminder_PeriodTooShort_Throws() => await Assert.ThrowsAnyAsync<ArgumentException>(
        () => Grains.GetGrain<IReminderGrain>(NewKey()).RegisterAsync("r", TimeSpan.Zero, TimeSpan.FromSeconds(1)));
}
