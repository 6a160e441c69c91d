using System.Collections.Concurrent;

namespace OrleansUem.Grains.Inventory;

/// <summary>An inventory in memory, unbounded: for tests.</summary>
public sealed class MemoryInventory : IInventory
{
    private readonly ConcurrentDictionary<string, InventoryRow> _rows = new(StringComparer.Ordinal);

    /// <summary>The rows in the order of their keys.</summary>
    public IReadOnlyList<InventoryRow> Rows => [.. _rows.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value)];

    public void Tell(InventoryRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        _rows.AddOrUpdate(row.Key, row, (_, there) => row.Replaces(there) ? row.Over(there) : there.Over(row));
    }
}
