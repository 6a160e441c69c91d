using Npgsql;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>Lists and grains in one PostgreSQL database.</summary>
[Collection(PostgresCollection.Name), RequiresClass(Requirement.Postgres)]
public sealed class PostgresInventoryRebuildTests(PostgresServer server) : InventoryRebuildConformance
{
    private string _connection = "";

    private protected override string False => "false";

    private string DatabaseFile => Path.Combine(FolderOfFiles, "database.conf");

    /// <summary>What a silo's grains told is in the database, where the other silos read it, and in no file.</summary>
    [SuiteFact]
    public async Task Lists_AreInTheDatabase()
    {
        var time = new ManualTimeProvider();
        SiloInit.Create(State, "silo-1", time);
        await PrepareAsync();
        await using var silo = await SiloUnderTest.StartAsync(time, State, DatabaseFile, keepsDirectory: true);
        await using var edge = await silo.LinkAsync("edge-1");
        await silo.WrittenAsync();
        await using var database = NpgsqlDataSource.Create(_connection);
        await using var other = database.CreateCommand("SELECT id FROM inventory_edges WHERE is_linked");
        Assert.Equal("edge-1", await other.ExecuteScalarAsync());
        Assert.False(File.Exists(Path.Combine(State, "inventory.db")));
    }

    /// <summary>The database dies under the silo: health says so, what grains told meanwhile is in the lists when it is back, and nothing was started again.</summary>
    [SuiteFact]
    public async Task DatabaseKilled_ListsCatchUp()
    {
        await using var own = await PostgresServer.StartAsync();
        var time = new ManualTimeProvider();
        SiloInit.Create(State, "silo-1", time);
        StateFiles.Write(DatabaseFile, await own.CreateDatabaseAsync());
        await using var silo = await SiloUnderTest.StartAsync(TimeProvider.System, State, DatabaseFile, keepsDirectory: true);
        var edge = await silo.LinkAsync("edge-1");
        await silo.WrittenAsync();
        Assert.True(Assert.Single((await silo.Admin.ListEdgesAsync()).Items).IsLinked);
        await own.KillAsync();
        Assert.False(await silo.Admin.IsReadyAsync());
        await edge.DisposeAsync();
        await own.StartServerAsync();
        await ReadUntilAsync(async () => await silo.Admin.IsReadyAsync());
        await ReadUntilAsync(async () => !Assert.Single((await silo.Admin.ListEdgesAsync()).Items).IsLinked);
    }

    private static Task ReadUntilAsync(Func<Task<bool>> isSo)
    {
        return ReadAsync().WithinAsync("the silo catches up");

        async Task ReadAsync()
        {
            while (!await isSo())
            {
            }
        }
    }

    private protected override async Task<string?> PrepareAsync()
    {
        _connection = await server.CreateDatabaseAsync();
        StateFiles.Write(DatabaseFile, _connection);
        return DatabaseFile;
    }

    private protected override async Task RunAsync(string text)
    {
        await using var source = NpgsqlDataSource.Create(_connection);
        await using var command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }
}
