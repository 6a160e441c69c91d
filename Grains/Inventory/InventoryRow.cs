namespace OrleansUem.Grains.Inventory;

/// <summary>What a grain is at a time. Stays in the process, so it is no contract of Orleans.</summary>
public abstract record InventoryRow
{
    /// <summary>When the grain was so.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The kind of the row and the grain's key: equal for rows that replace each other.</summary>
    public abstract string Key { get; }

    /// <summary>A number that the grain only ever raises, such as a generation; 0 where it has none. It goes before <see cref="At"/>: the clocks of two silos differ.</summary>
    public virtual ulong Version => 0;

    /// <summary>Whether this row takes the place of another one of its key.</summary>
    public bool Replaces(InventoryRow other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Version > other.Version || (Version == other.Version && At >= other.At);
    }

    /// <summary>This row with what only the one that it replaces says.</summary>
    public virtual InventoryRow Over(InventoryRow replaced) => this;
}
