using Microsoft.Data.Sqlite;
using OrleansUem.Silo.Database;
using OrleansUem.Silo.Inventory;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>Lists and grains in SQLite files.</summary>
public sealed class SqliteInventoryRebuildTests : InventoryRebuildConformance
{
    private protected override string False => "0";

    /// <summary>What changes after the clock was asked is told with a later time, or is in the page: a page never has an older state under a newer time.</summary>
    [SuiteFact]
    public async Task Read_ChangeAfterTheClockWasAsked_IsInThePage()
    {
        var time = new ManualTimeProvider();
        SiloInit.Create(State, "silo-1", time);
        await using var silo = await SiloUnderTest.StartAsync(time, State, databaseFile: null, keepsDirectory: true);
        await silo.Admin.RemoveEdgeAsync("edge-1");
        using var state = SiloState.Load(State, time);
        var rows = new GrainStateRows(new SqliteSiloDatabase(state));

        List<(long, string)> read = [];
        await foreach (var (at, page) in rows.ReadAsync("edge", AskAndChangeAsync, CancellationToken.None))
        {
            read.AddRange(page.Select(grain => (at, grain.Key)));
        }

        Assert.Equal([(7, "edge-1"), (7, "edge-2")], read.OrderBy(static grain => grain.Item2, StringComparer.Ordinal));

        async Task<long> AskAndChangeAsync(CancellationToken cancellationToken)
        {
            await silo.Admin.RemoveEdgeAsync("edge-2", cancellationToken);
            return 7;
        }
    }

    private protected override Task<string?> PrepareAsync() => Task.FromResult<string?>(null);

    private protected override async Task RunAsync(string text)
    {
        await using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path.Combine(State, "inventory.db"), Pooling = false }.ToString());
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        await command.ExecuteNonQueryAsync();
    }
}
