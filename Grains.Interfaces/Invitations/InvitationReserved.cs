using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>Whether a request may be served.</summary>
[GenerateSerializer, Immutable, Alias("uem.InvitationReserved")]
public sealed record InvitationReserved
{
    /// <summary>The number of <see cref="Reason"/>; 0 when the silo serves the request, or answers again.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>The same request was served before: <see cref="Answer"/> and <see cref="AnswerMac"/> are the ones of then.</summary>
    [Id(1)] public bool IsReplay { get; init; }

    /// <summary>With a replay: what was committed.</summary>
    [Id(2)] public ReadOnlyMemory<byte> Answer { get; init; }

    /// <summary>With a replay: its MAC.</summary>
    [Id(3)] public ReadOnlyMemory<byte> AnswerMac { get; init; }

    /// <summary>The name of the invitation.</summary>
    [Id(4)] public string Name { get; init; } = "";

    /// <summary>None, UnknownInvitation (also a MAC that does not fit), InvitationExpired, TooManyAttempts.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
