using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>Which node a tunnel may have.</summary>
[GenerateSerializer, Immutable, Alias("uem.NodeChoice")]
public sealed record NodeChoice
{
    /// <summary>The node asked for; empty: any.</summary>
    [Id(0)] public string NodeId { get; init; } = "";

    /// <summary>Nodes that were tried and failed.</summary>
    [Id(1)] public ImmutableArray<string> Except { get; init; } = [];
}
