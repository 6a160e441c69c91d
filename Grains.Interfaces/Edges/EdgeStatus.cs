using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>What an administrator sees of an edge.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeStatus")]
public sealed record EdgeStatus
{
    /// <summary>The edge.</summary>
    [Id(0)] public required string EdgeId { get; init; }

    /// <summary>Whether an administrator removed it.</summary>
    [Id(1)] public bool IsRemoved { get; init; }

    /// <summary>The silos that have a live link to it, in the order of names.</summary>
    [Id(2)] public ImmutableArray<string> Silos { get; init; } = [];

    /// <summary>The last cut that it acknowledged; every one up to this is applied.</summary>
    [Id(3)] public ulong LastCut { get; init; }

    /// <summary>Requests that wait for its answer.</summary>
    [Id(4)] public int Outstanding { get; init; }
}
