using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer to one renewal.</summary>
[GenerateSerializer, Immutable, Alias("uem.LeaseVerdict")]
public sealed record LeaseVerdict
{
    /// <summary>The number of <see cref="Reason"/>; 0 when renewed.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>The new lifetime from receipt; 0 when refused.</summary>
    [Id(1)] public uint LifetimeSeconds { get; init; }

    /// <summary>None: renewed; otherwise the edge ends the route with this reason.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
