using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The MAC of an answer.</summary>
[GenerateSerializer, Immutable, Alias("uem.InvitationCommitted")]
public sealed record InvitationCommitted
{
    /// <summary>The number of <see cref="Reason"/>; 0 when used up for this request.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>The answer to send; the first one when the request was committed before.</summary>
    [Id(1)] public ReadOnlyMemory<byte> Answer { get; init; }

    /// <summary>Its MAC.</summary>
    [Id(2)] public ReadOnlyMemory<byte> AnswerMac { get; init; }

    /// <summary>None, or UnknownInvitation when another request used it up meanwhile.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
