using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The reports of one edge on the leases of one device: at most both sides of a tunnel and of the one it replaced.</summary>
[GenerateSerializer, Immutable, Alias("uem.LeaseReports")]
public sealed record LeaseReports
{
    /// <summary>The edge, from its certificate. A report on a lease that another edge holds is refused.</summary>
    [Id(0)] public required string EdgeId { get; init; }

    /// <summary>The reports, at most 8.</summary>
    [Id(1)] public required ImmutableArray<LeaseUsage> Leases { get; init; }
}
