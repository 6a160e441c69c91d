using OrleansUem.Embedded.Storage;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>States and reminders in SQLite: what was acknowledged is there, whatever happens to the process.</summary>
public sealed class SqliteStorageTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-storage-");

    private string Database => Path.Combine(_folder.FullName, "grains.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Write_HostRestarts_StateIsThere()
    {
        var key = Guid.NewGuid().ToString();
        await using (var host = await StartAsync(Database))
        {
            await host.Grains.GetGrain<IStateGrain>(key).WriteAsync(5);
        }

        await using var again = await StartAsync(Database);
        Assert.Equal(5, (await again.Grains.GetGrain<IStateGrain>(key).ReadAsync()).Count);
    }

    /// <summary>
    /// A killed process leaves its files as they are. They are copied while the host runs, right after an acknowledged write,
    /// and opened in another place: nothing of a clean stop can have helped.
    /// </summary>
    [Fact]
    public async Task Write_Acknowledged_SurvivesKill()
    {
        var keys = Enumerable.Range(0, 200).Select(static i => $"grain {i}").ToArray();
        await using var host = await StartAsync(Database);
        await Task.WhenAll(keys.Select(key => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(1)));
        await Task.WhenAll(keys.Select(key => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(2)));
        var left = Path.Combine(_folder.FullName, "left.db");
        File.Copy(Database, left);
        File.Copy(Database + "-wal", left + "-wal");

        await using var next = await StartAsync(left);
        foreach (var key in keys)
        {
            Assert.Equal(2, (await next.Grains.GetGrain<IStateGrain>(key).ReadAsync()).Count);
        }
    }

    [Fact]
    public async Task Write_RecordChangedByAnother_FailsAndActivationStartsAnew()
    {
        const string Key = "contended";
        await using var first = await StartAsync(Database);
        await using var second = await StartAsync(Database);
        var mine = first.Grains.GetGrain<IStateGrain>(Key);
        await mine.WriteAsync(1);
        var instance = await mine.InstanceAsync();
        await second.Grains.GetGrain<IStateGrain>(Key).WriteAsync(20);
        var failure = await Assert.ThrowsAsync<InconsistentStateException>(() => mine.WriteAsync(2));
        Assert.Equal("2", failure.StoredEtag);
        Assert.Equal("1", failure.CurrentEtag);
        Assert.NotEqual(instance, await mine.InstanceAsync());
        Assert.Equal(20, (await mine.ReadAsync()).Count);
        await mine.WriteAsync(3);
    }

    [Fact]
    public async Task Clear_NeverWritten_StoresNothing()
    {
        await using var host = await StartAsync(Database);
        var grain = host.Grains.GetGrain<IStateGrain>("empty");
        await grain.ClearAsync();
        Assert.False(await grain.ExistsAsync());
        await grain.WriteAsync(1);
        await grain.ClearAsync();
        Assert.False(await grain.ExistsAsync());
        Assert.Equal("3", await grain.WriteAsync(2));
    }

    [Fact]
    public async Task Reminder_HostRestarts_TicksAtItsNextTime()
    {
        var time = new ManualTimeProvider();
        var key = Guid.NewGuid().ToString();
        await using (var host = await StartAsync(Database, time))
        {
            await host.Grains.GetGrain<IReminderGrain>(key).RegisterAsync("tick", TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
            await host.Grains.GetGrain<IReminderGrain>(key).RegisterAsync("gone", TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10));
            await host.Grains.GetGrain<IReminderGrain>(key).UnregisterAsync("gone");
        }

        // Down from minute 0 to 25: the ticks of 10 and 20 are not made up, the next is at 30.
        time.Advance(TimeSpan.FromMinutes(25));
        await using var again = await StartAsync(Database, time);
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal("tick", await again.Grains.GetGrain<IReminderGrain>(key).NamesAsync());
        Assert.Equal(string.Empty, Probe.Notes(key));
        time.Advance(TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "tick");
    }

    [Fact]
    public async Task Reminder_GrainFails_TicksAgain()
    {
        var key = Guid.NewGuid().ToString();
        var time = new ManualTimeProvider();
        await using var host = await StartAsync(Database, time);
        await host.Grains.GetGrain<IReminderGrain>(key).RegisterAsync("fail", TimeSpan.Zero, TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "fail");
        await PassUntilSeenAsync(host, key, "fail", 2);
    }

    [Fact]
    public async Task Reminder_RegisteredAgain_OldTimesEnd()
    {
        var key = Guid.NewGuid().ToString();
        var time = new ManualTimeProvider();
        await using var host = await StartAsync(Database, time);
        var grain = host.Grains.GetGrain<IReminderGrain>(key);
        await grain.RegisterAsync("r", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        await grain.RegisterAsync("r", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("r", await grain.NamesAsync());
        Assert.Equal(string.Empty, Probe.Notes(key));
        time.Advance(TimeSpan.FromMinutes(1));
        await Probe.SeenAsync(key, "r");
    }

    // xxHash's published test values for seed 0.
    [Theory]
    [InlineData("", 0x02CC5D05)]
    [InlineData("abc", 0x32D153FF)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2F)]
    public void XxHash32_KnownText_KnownValue(string text, uint expected) =>
        Assert.Equal(expected, StableHash.XxHash32(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void StorageKey_TextNumberGuid_TakeOrleansColumns()
    {
        Assert.Equal((0L, 0x1FL, null), Parts("1F"));
        Assert.Equal((0L, 0L, "1f"), Parts("1f"));
        Assert.Equal((0L, 0L, "01F"), Parts("01F"));
        Assert.Equal((0L, 0L, "tenant/device"), Parts("tenant/device"));
        var guid = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");
        Assert.Equal((0x6677445500112233L, unchecked((long)0xFFEEDDCCBBAA9988), null), Parts(guid.ToString("N")));
    }

    private static (long N0, long N1, string? Text) Parts(string key)
    {
        var parts = StorageKey.Of(GrainId.Create("t", key));
        return (parts.N0, parts.N1, parts.Text);
    }

    // A reminder's next tick is set when the last has ended, which the test can't see: time passes in steps until it shows.
    private static async Task PassUntilSeenAsync(ActorHostFixture host, string key, string note, int times)
    {
        var seen = Probe.SeenAsync(key, note, times);
        for (var step = 0; step < 50 && !seen.IsCompleted; step++)
        {
            await host.PassTimeAsync(TimeSpan.FromMinutes(1));
            await host.Grains.GetGrain<IReminderGrain>(key).NamesAsync();
        }

        await seen;
    }

    private static Task<ActorHostFixture> StartAsync(string database, ManualTimeProvider? time = null) =>
        ActorHostFixture.StartAsync(options => options.DatabasePath = database, time: time);
}
