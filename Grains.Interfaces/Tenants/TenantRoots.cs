using System.Collections.Immutable;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The roots of a tenant.</summary>
[GenerateSerializer, Immutable, Alias("uem.TenantRoots")]
public sealed record TenantRoots
{
    /// <summary>The number of <see cref="Reason"/>; 0 with roots.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>DER; one today, several while a tenant changes its root.</summary>
    [Id(1)] public ImmutableArray<ReadOnlyMemory<byte>> Roots { get; init; } = [];

    /// <summary>How long an edge may keep them. A silo keeps none: a tenant that is cut off must not attach again.</summary>
    [Id(2)] public uint LifetimeSeconds { get; init; }

    /// <summary>None, UnknownTenant or CutByAdmin.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
