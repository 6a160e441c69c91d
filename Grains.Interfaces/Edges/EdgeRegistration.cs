namespace OrleansUem.Grains.Interfaces;

/// <summary>An edge that joins.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeRegistration")]
public sealed record EdgeRegistration
{
    /// <summary>SHA-256 of the edge's SubjectPublicKeyInfo, hexadecimal.</summary>
    [Id(0)] public required string KeySha256 { get; init; }

    /// <summary>The join token that let it in; empty for an edge that its silo made itself.</summary>
    [Id(1)] public string InvitationId { get; init; } = "";
}
