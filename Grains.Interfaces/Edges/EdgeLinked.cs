using System.Collections.Immutable;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer to a link; what LinkStarted says to the edge.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeLinked")]
public sealed record EdgeLinked
{
    /// <summary>The number of <see cref="Reason"/>; 0 when linked.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>Cuts after the edge's last one, in order. At most 64, so that LinkStarted fits a frame; further ones arrive as requests on the link after LinkStarted.</summary>
    [Id(1)] public ImmutableArray<CutEntry> Cuts { get; init; } = [];

    /// <summary>The edge ends all its sessions: cuts that it needs were trimmed.</summary>
    [Id(2)] public bool Resync { get; init; }

    /// <summary>The sequence number that the edge has reached with these cuts.</summary>
    [Id(3)] public ulong LastCut { get; init; }

    /// <summary>None, or CertificateRevoked for an edge that was removed or whose key is not the registered one.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
