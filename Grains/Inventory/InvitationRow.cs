using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Inventory;

/// <summary>An invitation or join token, without its secret.</summary>
public sealed record InvitationRow : InventoryRow
{
    public required string InvitationId { get; init; }

    public required InvitationKind Kind { get; init; }

    public string Name { get; init; } = "";

    public long ExpiresUnixMs { get; init; }

    public int WrongAttempts { get; init; }

    public bool IsUsed { get; init; }

    public bool IsRevoked { get; init; }

    public override string Key => "invitation/" + InvitationId;
}
