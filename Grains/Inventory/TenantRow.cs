namespace OrleansUem.Grains.Inventory;

/// <summary>A tenant.</summary>
public sealed record TenantRow : InventoryRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    public bool IsCut { get; init; }

    public override string Key => "tenant/" + TenantId;
}
