using OrleansUem.Silo.Inventory;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>The inventory in a SQLite file.</summary>
public sealed class SqliteInventoryTests : InventoryConformance
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-inventory-");

    private protected override Task<InventoryStore?> CreateStoreAsync(TimeProvider time) =>
        Task.FromResult<InventoryStore?>(new SqliteInventoryStore(Path.Combine(_folder.FullName, "inventory.db")));

    private protected override Task DisposeStoreAsync()
    {
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }
}
