namespace OrleansUem.Silo.Inventory;

/// <summary>Why a row of the inventory was dropped.</summary>
internal enum InventoryDrop
{
    /// <summary>More nouns changed than wait for a database that is away.</summary>
    QueueFull,

    /// <summary>The database does not take this row.</summary>
    Refused,

    /// <summary>The silo stopped while the database was away.</summary>
    Stopped,
}
