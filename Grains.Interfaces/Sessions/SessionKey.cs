namespace OrleansUem.Grains.Interfaces;

/// <summary>A session of a device or node in the whole installation.</summary>
[GenerateSerializer, Immutable, Alias("uem.SessionKey")]
public sealed record SessionKey
{
    /// <summary>The edge, taken from its certificate and never from what it says.</summary>
    [Id(0)] public required string EdgeId { get; init; }

    /// <summary>The session on that edge, never 0.</summary>
    [Id(1)] public required ulong SessionId { get; init; }

    /// <summary>The generation of the attach, 1..2^63-1.</summary>
    [Id(2)] public required ulong Generation { get; init; }
}
