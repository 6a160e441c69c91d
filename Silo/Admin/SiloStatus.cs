namespace OrleansUem.Silo.Admin;

/// <summary>What a silo says of itself.</summary>
/// <param name="Installation">The installation's id: the pin of its root.</param>
/// <param name="Silo">The silo's name.</param>
/// <param name="ControlEndPoint">Where edges link.</param>
/// <param name="StartedAt">When the process was ready.</param>
/// <param name="EdgeLinks">Links that are up.</param>
/// <param name="TenantLookups">Tenant grains asked for their roots since the start; grows with attaches, and not with made-up ids.</param>
/// <param name="Tenants">In the inventory.</param>
/// <param name="Nodes">In the inventory.</param>
/// <param name="NodesAttached">Of these, attached.</param>
/// <param name="Devices">In the inventory.</param>
/// <param name="DevicesAttached">Of these, attached.</param>
/// <param name="TunnelsOpen">In the inventory.</param>
/// <param name="InventoryWaiting">Rows not yet written.</param>
/// <param name="InventoryDropped">Rows dropped since the start; the lists lag.</param>
public sealed record SiloStatus(
    string Installation,
    string Silo,
    string ControlEndPoint,
    DateTimeOffset StartedAt,
    int EdgeLinks,
    long TenantLookups,
    long Tenants,
    long Nodes,
    long NodesAttached,
    long Devices,
    long DevicesAttached,
    long TunnelsOpen,
    long InventoryWaiting,
    long InventoryDropped);
