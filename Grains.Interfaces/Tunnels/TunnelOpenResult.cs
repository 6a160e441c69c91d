using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer to an OPEN.</summary>
[GenerateSerializer, Immutable, Alias("uem.TunnelOpenResult")]
public sealed record TunnelOpenResult
{
    /// <summary>The number of <see cref="Reason"/>; 0 when the tunnel is open.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>For people; empty when the tunnel is open.</summary>
    [Id(1)] public string Detail { get; init; } = "";

    /// <summary>The tunnel; 0 when it never got an id.</summary>
    [Id(2)] public ulong TunnelId { get; init; }

    /// <summary>The node, which the device compares with the end-to-end certificate.</summary>
    [Id(3)] public string NodeId { get; init; } = "";

    /// <summary>The lease for the device's edge; null when refused.</summary>
    [Id(4)] public RouteLease? Lease { get; init; }

    /// <summary>None, or why not.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
