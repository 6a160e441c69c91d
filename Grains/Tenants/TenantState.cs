using System.Collections.Immutable;

namespace OrleansUem.Grains.Tenants;

/// <summary>What is stored of a tenant.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.Tenant")]
public sealed record TenantState
{
    /// <summary>The root, DER; empty: not registered.</summary>
    [Id(0)] public ReadOnlyMemory<byte> Root { get; init; }

    [Id(1)] public string Name { get; init; } = "";

    [Id(2)] public bool IsCut { get; init; }

    [Id(3)] public string InvitationId { get; init; } = "";

    /// <summary>Unix time in milliseconds.</summary>
    [Id(4)] public long RegisteredUnixMs { get; init; }

    /// <summary>Every node that ever attached, in the order of names: whom to ask edges for after a loss of memory.</summary>
    [Id(5)] public ImmutableArray<string> Nodes { get; init; } = [];
}
