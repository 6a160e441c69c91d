using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>States and reminders in a database: what was acknowledged is there, whatever happens to the process.</summary>
public abstract class StorageSuite
{
    [SuiteFact]
    public async Task Write_HostRestarts_StateIsThere()
    {
        var key = Guid.NewGuid().ToString();
        await using (var host = await StartAsync())
        {
            await host.Grains.GetGrain<IStateGrain>(key).WriteAsync(5);
        }

        await using var again = await StartAsync();
        Assert.Equal(5, (await again.Grains.GetGrain<IStateGrain>(key).ReadAsync()).Count);
    }

    [SuiteFact]
    public async Task Write_RecordChangedByAnother_FailsAndActivationStartsAnew()
    {
        const string Key = "contended";
        await using var host = await StartAsync();
        var mine = host.Grains.GetGrain<IStateGrain>(Key);
        await mine.WriteAsync(1);
        var instance = await mine.InstanceAsync();
        await ChangeElsewhereAsync(Key, 20);
        var failure = await Assert.ThrowsAsync<InconsistentStateException>(() => mine.WriteAsync(2));
        Assert.Equal("2", failure.StoredEtag);
        Assert.Equal("1", failure.CurrentEtag);
        Assert.NotEqual(instance, await mine.InstanceAsync());
        Assert.Equal(20, (await mine.ReadAsync()).Count);
        await mine.WriteAsync(3);
    }

    [SuiteFact]
    public async Task Clear_NeverWritten_StoresNothing()
    {
        await using var host = await StartAsync();
        var grain = host.Grains.GetGrain<IStateGrain>("empty");
        await grain.ClearAsync();
        Assert.False(await grain.ExistsAsync());
        await grain.WriteAsync(1);
        await grain.ClearAsync();
        Assert.False(await grain.ExistsAsync());
        Assert.Equal("3", await grain.WriteAsync(2));
    }

    [SuiteFact]
    public async Task Reminder_HostRestarts_TicksAtItsNextTime()
    {
        var time = new ManualTimeProvider();
        var key = Guid.NewGuid().ToString();
        await using (var host = await StartAsync(time))
        {
            await host.Grains.GetGrain<IReminderGrain>(key).RegisterAsync("tick", TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
            await host.Grains.GetGrain<IReminderGrain>(key).RegisterAsync("gone", TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
            await host.Grains.GetGrain<IReminderGrain>(key).UnregisterAsync("gone");
        }

        // Down from minute 0 to 25: the ticks of 10 and 20 are not made up, the next is at 30.
        time.Advance(TimeSpan.FromMinutes(25));
        await using var again = await StartAsync(time);
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal("tick", await again.Grains.GetGrain<IReminderGrain>(key).NamesAsync());
        Assert.Equal(string.Empty, Probe.Notes(key));
        time.Advance(TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "tick");
    }

    [SuiteFact]
    public async Task Reminder_GrainFails_TicksAgain()
    {
        var key = Guid.NewGuid().ToString();
        var time = new ManualTimeProvider();
        await using var host = await StartAsync(time);
        await host.Grains.GetGrain<IReminderGrain>(key).RegisterAsync("fail", TimeSpan.Zero, TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "fail");
        await PassUntilSeenAsync(host, key, "fail", 2);
    }

    [SuiteFact]
    public async Task Reminder_RegisteredAgain_OldTimesEnd()
    {
        var key = Guid.NewGuid().ToString();
        var time = new ManualTimeProvider();
        await using var host = await StartAsync(time);
        var grain = host.Grains.GetGrain<IReminderGrain>(key);
        await grain.RegisterAsync("r", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        await grain.RegisterAsync("r", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("r", await grain.NamesAsync());
        Assert.Equal(string.Empty, Probe.Notes(key));
        time.Advance(TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "r");
    }

    [SuiteFact]
    public async Task Write_ManyGrainsAtOnce_EachHasItsOwn()
    {
        var keys = Enumerable.Range(0, 2_000).Select(static i => $"many-{i}").ToArray();
        await using (var host = await StartAsync())
        {
            await Task.WhenAll(keys.Select((key, i) => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(i)));
            await Task.WhenAll(keys.Select((key, i) => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(i + 1)));
        }

        await using var again = await StartAsync();
        var states = await Task.WhenAll(keys.Select(key => again.Grains.GetGrain<IStateGrain>(key).ReadAsync()));
        Assert.Equal(Enumerable.Range(1, keys.Length), states.Select(static state => state.Count));
    }

    /// <summary>A host on the test's database; one at a time.</summary>
    protected abstract Task<ActorHostFixture> StartAsync(ManualTimeProvider? time = null);

    /// <summary>Changes a record of a StateGrain behind the back of the host that runs.</summary>
    protected abstract Task ChangeElsewhereAsync(string key, int count);

    // The next tick is set when the call before has ended, which nobody is told of: time passes until it is seen. The probe bounds it.
    private static async Task PassUntilSeenAsync(ActorHostFixture host, string key, string note, int times)
    {
        var seen = Probe.SeenAsync(key, note, times);
        while (!seen.IsCompleted)
        {
            await Task.Yield();
            await host.PassTimeAsync(TimeSpan.FromMinutes(1));
            await host.Grains.GetGrain<IReminderGrain>(key).NamesAsync();
        }

        await seen;
    }
}
