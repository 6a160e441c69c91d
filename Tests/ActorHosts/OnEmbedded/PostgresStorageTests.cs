using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansUem.Embedded.Storage;
using OrleansUem.Silo.Database;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The storage suite on PostgreSQL, and what only two hosts and one server can show.</summary>
[RequiresClass(Requirement.Postgres)]
[Collection(PostgresCollection.Name)]
public sealed class PostgresStorageTests(PostgresServer server) : StorageSuite, IAsyncLifetime
{
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await SchemaMigrations.ApplyAsync(_database, SchemaMigrations.All, CancellationToken.None);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    /// <summary>The lock of the database keeps a second host out, and ends with the first one.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Start_AnotherHostRuns_RefusesAndNamesIt()
    {
        await using (await StartAsync())
        {
            var failure = await Assert.ThrowsAsync<GrainStorageException>(() => StartAsync(null, TimeSpan.FromMilliseconds(50)));
            Assert.Contains("Another silo (", failure.Message, StringComparison.Ordinal);
        }

        await using var next = await StartAsync(null, TimeSpan.FromMilliseconds(50));
        await next.Grains.GetGrain<IStateGrain>("k").WriteAsync(1);
    }

    /// <summary>A host that waits for the lock gets it when the other ends.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Start_OtherHostEnds_TakesOver()
    {
        var first = await StartAsync();
        await first.Grains.GetGrain<IStateGrain>("k").WriteAsync(1);
        var starting = StartAsync();
        await using var watch = NpgsqlDataSource.Create(_database.ConnectionString);
        await WaitForAsync(watch, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
        Assert.False(starting.IsCompleted);
        await first.DisposeAsync();
        await using var second = await starting.WithinAsync("the second host starts");
        Assert.Equal(1, (await second.Grains.GetGrain<IStateGrain>("k").ReadAsync()).Count);
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_WithoutTables_SaysSo()
    {
        await using var empty = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        var failure = await Assert.ThrowsAsync<GrainStorageException>(
            () => ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Postgres(empty)));
        Assert.Contains("lacks the tables", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>PostgreSQL takes no NUL in a text. Such a key fails by itself; what waits beside it is stored.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Write_OneThatTheServerRefuses_FailsAlone()
    {
        await using var host = await StartAsync();
        var good = Enumerable.Range(0, 50).Select(i => host.Grains.GetGrain<IStateGrain>($"good-{i}")).ToArray();
        await Task.WhenAll(good.Select(static grain => grain.WriteAsync(1)));
        var bad = host.Grains.GetGrain<IReminderGrain>("reminds").RegisterAsync("a\0b", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        var writes = good.Select(static grain => grain.WriteAsync(2)).ToArray();
        Assert.Contains("22021", (await Assert.ThrowsAsync<GrainStorageException>(() => bad)).Message, StringComparison.Ordinal);
        Assert.All(await Task.WhenAll(writes), static etag => Assert.Equal("2", etag));
    }

    /// <summary>Writes over one version that reach the writer together: a row is once in a statement, and one of them wins.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Write_ManyOverOneVersion_OneWins()
    {
        var opening = new StorageOpening("uem", TimeProvider.System, NullLogger.Instance);
        await using var storage = await PostgresDatabase.OpenAsync(_database, TimeSpan.FromSeconds(20), opening, CancellationToken.None);
        var grain = GrainId.Create("tenant", "twice");
        await storage.Grains.WriteStateAsync("tenant", grain, new GrainState<int[]>([0]));
        var writes = Enumerable.Range(1, 16).Select(i => storage.Grains.WriteStateAsync("tenant", grain, new GrainState<int[]>([i], "1"))).ToArray();
        await Task.WhenAll(writes).ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.Equal(1, writes.Count(static write => write.IsCompletedSuccessfully));
        Assert.All(writes.Where(static write => write.IsFaulted), static write => Assert.IsType<InconsistentStateException>(write.Exception!.InnerException));
    }

    protected override Task<ActorHostFixture> StartAsync(ManualTimeProvider? time = null) => StartAsync(time, TimeSpan.FromSeconds(20));

    protected override async Task ChangeElsewhereAsync(string key, int count)
    {
        await using var command = _database.CreateCommand(
            "UPDATE OrleansStorage SET Version = Version + 1, PayloadBinary = convert_to($1, 'UTF8') WHERE GrainIdExtensionString = $2");
        command.Parameters.AddWithValue($$"""{"Count":{{count}},"Names":[]}""");
        command.Parameters.AddWithValue(key);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private static async Task WaitForAsync(NpgsqlDataSource database, string count)
    {
        long found = 0;
        for (var tries = 0; tries < 10_000 && found == 0; tries++)
        {
            await using var command = database.CreateCommand(count);
            found = (long)(await command.ExecuteScalarAsync())!;
        }

        Assert.NotEqual(0, found);
    }

    private Task<ActorHostFixture> StartAsync(ManualTimeProvider? time, TimeSpan patience) =>
        ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Postgres(_database, patience), time: time);
}
