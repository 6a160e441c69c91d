using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer to a registration.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeRegistered")]
public sealed record EdgeRegistered
{
    /// <summary>The number of <see cref="Reason"/>; 0 when registered.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>None, or AlreadyRegistered with another key.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
