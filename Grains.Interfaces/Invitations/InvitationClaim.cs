using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>A holder's request, with what its MAC covers.</summary>
[GenerateSerializer, Immutable, Alias("uem.InvitationClaim")]
public sealed record InvitationClaim
{
    /// <summary>What the holder asks for.</summary>
    [Id(0)] public required InvitationKind Kind { get; init; }

    /// <summary>The parts under the MAC in the order of EnrolmentSecret in Protocol: installation id, invitation id, then root, or edge id and SHA-256 of the CSR.</summary>
    [Id(1)] public required ImmutableArray<ReadOnlyMemory<byte>> Parts { get; init; }

    /// <summary>The MAC as received, any bytes.</summary>
    [Id(2)] public required ReadOnlyMemory<byte> Mac { get; init; }
}
