using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>How far a cut went. It is durable in any case; edges that did not acknowledge get it when they are heard of again.</summary>
[GenerateSerializer, Immutable, Alias("uem.CutResult")]
public sealed record CutResult
{
    /// <summary>The number of <see cref="Reason"/>; 0 when the cut is in force.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>For people; empty when the cut is in force.</summary>
    [Id(1)] public string Detail { get; init; } = "";

    /// <summary>The sequence number; 0 when nothing had to be cut.</summary>
    [Id(2)] public ulong Sequence { get; init; }

    /// <summary>Linked edges that were told.</summary>
    [Id(3)] public int EdgesTold { get; init; }

    /// <summary>Edges that said the cut is applied.</summary>
    [Id(4)] public int EdgesAcknowledged { get; init; }

    /// <summary>None, or why it was refused.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
