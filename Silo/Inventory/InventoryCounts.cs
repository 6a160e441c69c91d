namespace OrleansUem.Silo.Inventory;

/// <summary>How many there are.</summary>
internal sealed record InventoryCounts(long Tenants, long Nodes, long NodesAttached, long Devices, long DevicesAttached, long TunnelsOpen);
