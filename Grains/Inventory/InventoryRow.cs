namespace OrleansUem.Grains.Inventory;

/// <summary>What a grain is at a time. Stays in the process, so it is no contract of Orleans.</summary>
public abstract record InventoryRow
{
    /// <summary>When the grain was so.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The kind of the row and the grain's key: equal for rows that replace each other.</summary>
    public abstract string Key { get; }
}
