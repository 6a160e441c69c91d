using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer that a silo made for a reserved request.</summary>
[GenerateSerializer, Immutable, Alias("uem.InvitationCommit")]
public sealed record InvitationCommit
{
    /// <summary>The MAC of the request that was reserved.</summary>
    [Id(0)] public required ReadOnlyMemory<byte> Mac { get; init; }

    /// <summary>What the answer's MAC covers after the request's MAC: the tenant's tag, or SHA-256 of the certificate.</summary>
    [Id(1)] public required ImmutableArray<ReadOnlyMemory<byte>> AnswerParts { get; init; }

    /// <summary>Kept for replays: the tenant's tag, or the certificate; at most 8,192 bytes.</summary>
    [Id(2)] public required ReadOnlyMemory<byte> Answer { get; init; }
}
