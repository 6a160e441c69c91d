using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Invitations;

/// <summary>What is stored of an invitation.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.Invitation")]
public sealed record InvitationState
{
    /// <summary>Unspecified: there is no such invitation.</summary>
    [Id(0)] public InvitationKind Kind { get; init; }

    /// <summary>Empty once it is used up.</summary>
    [Id(1)] public ReadOnlyMemory<byte> Secret { get; init; }

    [Id(2)] public long ExpiresUnixMs { get; init; }

    [Id(3)] public string Name { get; init; } = "";

    [Id(4)] public int WrongAttempts { get; init; }

    [Id(5)] public bool IsRevoked { get; init; }

    /// <summary>The MAC of the newest request that was let through; empty: none.</summary>
    [Id(6)] public ReadOnlyMemory<byte> ReservedMac { get; init; }

    /// <summary>The MAC of the request that used it up; empty: not used.</summary>
    [Id(7)] public ReadOnlyMemory<byte> UsedMac { get; init; }

    [Id(8)] public ReadOnlyMemory<byte> Answer { get; init; }

    [Id(9)] public ReadOnlyMemory<byte> AnswerMac { get; init; }
}
