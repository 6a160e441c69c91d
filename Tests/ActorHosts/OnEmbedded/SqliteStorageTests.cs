using OrleansUem.Embedded.Storage;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The storage suite on SQLite, and what only a file can show.</summary>
public sealed class SqliteStorageTests : StorageSuite, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-storage-");

    private string Database => Path.Combine(_folder.FullName, "grains.db");

    public void Dispose() => _folder.Delete(recursive: true);

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

    protected override Task<ActorHostFixture> StartAsync(ManualTimeProvider? time = null) => StartAsync(Database, time);

    // SQLite itself lets two hosts in; that only one runs is the silo's lock on its state directory.
    protected override async Task ChangeElsewhereAsync(string key, int count)
    {
        await using var other = await StartAsync();
        await other.Grains.GetGrain<IStateGrain>(key).WriteAsync(count);
    }

    private static Task<ActorHostFixture> StartAsync(string database, ManualTimeProvider? time = null) =>
        ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Sqlite(database), time: time);
}
