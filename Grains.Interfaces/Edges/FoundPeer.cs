namespace OrleansUem.Grains.Interfaces;

/// <summary>A peer that LOCATE found.</summary>
[GenerateSerializer, Immutable, Alias("uem.FoundPeer")]
public sealed record FoundPeer
{
    /// <summary>The SAN URI of its certificate.</summary>
    [Id(0)] public required string Identity { get; init; }

    /// <summary>Its newest session.</summary>
    [Id(1)] public required SessionKey Session { get; init; }
}
