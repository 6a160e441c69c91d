using Npgsql;
using OrleansUem.Silo.Database;
using OrleansUem.Silo.Inventory;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>The inventory in PostgreSQL, whose clock is the common one: the tests' own stands years beside it.</summary>
[Collection(PostgresCollection.Name), RequiresClass(Requirement.Postgres)]
public sealed class PostgresInventoryTests(PostgresServer server) : InventoryConformance
{
    private NpgsqlDataSource? _database;

    private protected override async Task<InventoryStore?> CreateStoreAsync(TimeProvider time)
    {
        if (server.SocketFolder.Length == 0)
        {
            return null;
        }

        _database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await SchemaMigrations.ApplyAsync(_database, SchemaMigrations.All, CancellationToken.None);
        return new PostgresInventoryStore(_database, time);
    }

    private protected override async Task DisposeStoreAsync() => await _database!.DisposeAsync();
}
