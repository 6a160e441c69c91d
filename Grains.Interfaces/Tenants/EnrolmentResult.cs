using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer to an enrolment.</summary>
[GenerateSerializer, Immutable, Alias("uem.EnrolmentResult")]
public sealed record EnrolmentResult
{
    /// <summary>The number of <see cref="Reason"/>; 0 when a node answered, whatever it said.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>For people.</summary>
    [Id(1)] public string Detail { get; init; } = "";

    /// <summary>The EnrolAnswer payload (session.proto) of the node; empty when none answered.</summary>
    [Id(2)] public ReadOnlyMemory<byte> Answer { get; init; }

    /// <summary>None, or why no node answered.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
