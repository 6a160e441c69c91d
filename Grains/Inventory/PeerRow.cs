using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Inventory;

/// <summary>A device or node.</summary>
public sealed record PeerRow : InventoryRow
{
    /// <summary>Device or Node.</summary>
    public required PeerRole Role { get; init; }

    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary>Null when it is not attached.</summary>
    public SessionKey? Session { get; init; }

    /// <summary>Why the last session ended; None while attached.</summary>
    public Reason LastEnd { get; init; }

    public bool IsBlocked { get; init; }

    public string CertificateSha256 { get; init; } = "";

    /// <summary>The facts of the last attach; null in a row of an activation that saw none, then the columns stay as they are.</summary>
    public AttachFacts? Facts { get; init; }

    /// <summary>The newest generation accepted, attached or not.</summary>
    public ulong Generation { get; init; }

    public override ulong Version => Generation;

    public override string Key => (Role == PeerRole.Node ? "node/" : "device/") + TenantId + "/" + Name;

    public override InventoryRow Over(InventoryRow replaced) =>
        Facts is null && replaced is PeerRow { Facts: { } facts } && facts.Session.Generation == Generation ? this with { Facts = facts } : this;
}
