namespace OrleansUem.Grains.Edges;

/// <summary>What is stored of an edge.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.Edge")]
public sealed record EdgeState
{
    /// <summary>SHA-256 of its public key; empty: it never joined.</summary>
    [Id(0)] public string KeySha256 { get; init; } = "";

    [Id(1)] public bool IsRemoved { get; init; }
}
