namespace OrleansUem.Silo.Inventory;

/// <summary>What the inventory counts.</summary>
internal enum InventoryCount
{
    Tenants,
    Nodes,
    NodesAttached,
    Devices,
    DevicesAttached,
    TunnelsOpen,
}
