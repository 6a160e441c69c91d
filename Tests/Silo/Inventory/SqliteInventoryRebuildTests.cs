using Microsoft.Data.Sqlite;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>Lists and grains in SQLite files.</summary>
public sealed class SqliteInventoryRebuildTests : InventoryRebuildConformance
{
    private protected override string False => "0";

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
