namespace OrleansUem.Grains.Interfaces;

/// <summary>An entry for an edge's forwarding table; the same fields as Lease in control.proto.</summary>
[GenerateSerializer, Immutable, Alias("uem.RouteLease")]
public sealed record RouteLease
{
    /// <summary><c>TENANT/DEVICE/TUNNEL</c>.</summary>
    [Id(0)] public required string LeaseId { get; init; }

    /// <summary>The end on the edge that gets this lease.</summary>
    [Id(1)] public required RouteEndpoint Local { get; init; }

    /// <summary>The other end.</summary>
    [Id(2)] public required RouteEndpoint Peer { get; init; }

    /// <summary>Ends without traffic after this many seconds; 0: never.</summary>
    [Id(3)] public uint IdleSeconds { get; init; }

    /// <summary>Ends after this many bytes in both directions together; 0: no limit.</summary>
    [Id(4)] public ulong ByteLimit { get; init; }

    /// <summary>From receipt, 10..300.</summary>
    [Id(5)] public uint LifetimeSeconds { get; init; }
}
