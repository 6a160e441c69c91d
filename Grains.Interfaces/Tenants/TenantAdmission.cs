using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The answer to a registration.</summary>
[GenerateSerializer, Immutable, Alias("uem.TenantAdmission")]
public sealed record TenantAdmission
{
    /// <summary>The number of <see cref="Reason"/>; 0 when registered.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>For people.</summary>
    [Id(1)] public string Detail { get; init; } = "";

    /// <summary>None, or why not.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
