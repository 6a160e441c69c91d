using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>What the edges said to LOCATE.</summary>
[GenerateSerializer, Immutable, Alias("uem.LocateResult")]
public sealed record LocateResult
{
    /// <summary>Those found; at most one session each, the one with the highest generation.</summary>
    [Id(0)] public ImmutableArray<FoundPeer> Found { get; init; } = [];

    /// <summary>Edges that were asked.</summary>
    [Id(1)] public int EdgesAsked { get; init; }

    /// <summary>Edges that answered; when all did, an identity that is not found is not attached.</summary>
    [Id(2)] public int EdgesAnswered { get; init; }
}
