namespace OrleansUem.Grains.Inventory;

/// <summary>
/// The read model that lists and searches use. Grains tell it what they are; it follows, it never leads: a lost row is repaired by the next one
/// of the same noun, and the whole can be rebuilt from the grains.
/// </summary>
public interface IInventory
{
    /// <summary>Takes a row. Never waits and never throws: a full queue drops and counts. Rows replace each other by key, in the order of <see cref="InventoryRow.Replaces"/> and not of arrival.</summary>
    void Tell(InventoryRow row);
}
