namespace OrleansUem.Grains.Interfaces;

/// <summary>A tenant's root and name.</summary>
[GenerateSerializer, Immutable, Alias("uem.TenantRegistration")]
public sealed record TenantRegistration
{
    /// <summary>The root certificate, DER.</summary>
    [Id(0)] public required ReadOnlyMemory<byte> Root { get; init; }

    /// <summary>What people call the tenant, 1..64 characters.</summary>
    [Id(1)] public required string Name { get; init; }

    /// <summary>The invitation that let it in.</summary>
    [Id(2)] public string InvitationId { get; init; } = "";
}
