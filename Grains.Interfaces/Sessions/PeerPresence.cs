namespace OrleansUem.Grains.Interfaces;

/// <summary>Where a device or node is. Edges are the truth; this is what the grain knows of it.</summary>
[GenerateSerializer, Immutable, Alias("uem.PeerPresence")]
public sealed record PeerPresence
{
    /// <summary>The live session; null when the peer is not attached.</summary>
    [Id(0)] public SessionKey? Session { get; init; }

    /// <summary>False when not every linked edge answered, so that an absent peer may be attached after all.</summary>
    [Id(1)] public bool IsCertain { get; init; }
}
