using Npgsql;
using OrleansUem.Silo.Database;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The server dies or hangs under a running host: calls fail by name, and go on when it is back, with nothing acknowledged lost.</summary>
public sealed class PostgresOutageTests
{
    private static readonly string[] Keys = [.. Enumerable.Range(0, 100).Select(static i => $"grain-{i}")];

    [RequiresFact(Requirement.Postgres)]
    public async Task ServerKilled_CallsFailAtOnce_AndGoOnWhenItIsBack()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await PrepareAsync(server);
        await using var host = await ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Postgres(database));
        await WriteAllAsync(host, 1);
        await server.KillAsync();

        await Task.WhenAll(Keys.Select(key => AssertFailsAsync(() => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(2)))).WithinAsync("writes fail");
        await AssertFailsAsync(() => host.Grains.GetGrain<IStateGrain>("not read yet").ReadAsync());
        Assert.Equal(1, (await host.Grains.GetGrain<ICallGrain>("no state").AddAsync(0, 1)));

        await server.StartServerAsync();
        await WriteAllAsync(host, 3);
        Assert.False(await host.Grains.GetGrain<IStateGrain>("not read yet").ExistsAsync());
        await host.DeactivateAllAsync();
        var states = await Task.WhenAll(Keys.Select(key => host.Grains.GetGrain<IStateGrain>(key).ReadAsync()));
        Assert.All(states, static state => Assert.Equal(3, state.Count));
    }

    /// <summary>
    /// A restart between two writes: the connections of both writer and readers are dead without their knowing. The next calls find that out before
    /// anybody does.
    /// </summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task ServerRestarted_WhileNothingWasAsked_NoCallFails()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await PrepareAsync(server);
        await using var host = await ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Postgres(database));
        await WriteAllAsync(host, 1);
        await server.KillAsync();
        await server.StartServerAsync();
        await host.PassTimeAsync(TimeSpan.FromSeconds(2));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.Grains.GetGrain<IStateGrain>($"new-{i}").ExistsAsync()));
        await WriteAllAsync(host, 2);
    }

    /// <summary>What waits behind a server that hangs fails together after one time-out. Whether the write that was under way is stored nobody knows: its grain finds out.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task ServerHangs_CallsFailAfterTheTimeout_AndGoOnWhenItIsBack()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await PrepareAsync(server, timeoutSeconds: 1);
        await using var host = await ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Postgres(database));
        await WriteAllAsync(host, 1);
        await server.FreezeAsync();
        await Task.WhenAll(Keys.Select(key => AssertFailsAsync(() => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(2)))).WithinAsync("writes fail");
        await AssertFailsAsync(() => host.Grains.GetGrain<IStateGrain>("not read yet").ReadAsync());
        await server.ResumeAsync();
        foreach (var key in Keys)
        {
            var grain = host.Grains.GetGrain<IStateGrain>(key);
            try
            {
                await grain.WriteAsync(3);
            }
            catch (InconsistentStateException)
            {
                // Its write was stored after all.
                Assert.Equal(2, (await grain.ReadAsync()).Count);
                await grain.WriteAsync(3);
            }
        }
    }

    private static async Task<NpgsqlDataSource> PrepareAsync(PostgresServer server, int timeoutSeconds = 20)
    {
        var connection = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync())
        {
            Timeout = timeoutSeconds,
            CommandTimeout = timeoutSeconds,
            CancellationTimeout = 100,
        };
        var database = NpgsqlDataSource.Create(connection);
        await SchemaMigrations.ApplyAsync(database, SchemaMigrations.All, CancellationToken.None);
        return database;
    }

    private static async Task WriteAllAsync(ActorHostFixture host, int count) =>
        await Task.WhenAll(Keys.Select(key => host.Grains.GetGrain<IStateGrain>(key).WriteAsync(count))).WithinAsync($"writes of {count}");

    private static async Task AssertFailsAsync(Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<GrainStorageException>(call);
        Assert.StartsWith("The grain storage could not ", failure.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<NpgsqlException>(failure.InnerException);
    }
}
