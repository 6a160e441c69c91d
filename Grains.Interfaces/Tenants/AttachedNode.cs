namespace OrleansUem.Grains.Interfaces;

/// <summary>A node and its session.</summary>
[GenerateSerializer, Immutable, Alias("uem.AttachedNode")]
public sealed record AttachedNode
{
    /// <summary>The node.</summary>
    [Id(0)] public required string NodeId { get; init; }

    /// <summary>Its session.</summary>
    [Id(1)] public required SessionKey Session { get; init; }
}
