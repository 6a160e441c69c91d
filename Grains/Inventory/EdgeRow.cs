namespace OrleansUem.Grains.Inventory;

/// <summary>An edge.</summary>
public sealed record EdgeRow : InventoryRow
{
    public required string EdgeId { get; init; }

    public bool IsLinked { get; init; }

    public bool IsRemoved { get; init; }

    public string Address { get; init; } = "";

    /// <summary>Hexadecimal; empty when the edge was never linked in this activation.</summary>
    public string ProcessId { get; init; } = "";

    /// <summary>When the sessions of the process before ended: rows with a session on this edge and an earlier <see cref="InventoryRow.At"/> are not attached. Null: they go on.</summary>
    public DateTimeOffset? SessionsGoneAt { get; init; }

    public override string Key => "edge/" + EdgeId;

    public override InventoryRow Over(InventoryRow replaced) =>
        SessionsGoneAt is null && replaced is EdgeRow { SessionsGoneAt: { } gone } ? this with { SessionsGoneAt = gone } : this;
}
