namespace OrleansUem.Grains.Interfaces;

/// <summary>A new invitation.</summary>
[GenerateSerializer, Immutable, Alias("uem.InvitationSpec")]
public sealed record InvitationSpec
{
    /// <summary>What for.</summary>
    [Id(0)] public required InvitationKind Kind { get; init; }

    /// <summary>The secret, 16 random bytes. The grain forgets it once it is used up.</summary>
    [Id(1)] public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Unix time in milliseconds.</summary>
    [Id(2)] public required long ExpiresUnixMs { get; init; }

    /// <summary>The edge's name for an edge, a note for people for a tenant; 0..64 characters.</summary>
    [Id(3)] public string Name { get; init; } = "";
}
