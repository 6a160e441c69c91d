using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The node picked.</summary>
[GenerateSerializer, Immutable, Alias("uem.PickedNode")]
public sealed record PickedNode
{
    /// <summary>The number of <see cref="Reason"/>; 0 with a node.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>The node; empty when there is none.</summary>
    [Id(1)] public string NodeId { get; init; } = "";

    /// <summary>None, NoNode, UnknownTenant or CutByAdmin.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
