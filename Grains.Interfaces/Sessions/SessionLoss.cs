using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>A session that ended, as its edge reports it.</summary>
[GenerateSerializer, Immutable, Alias("uem.SessionLoss")]
public sealed record SessionLoss
{
    /// <summary>The session.</summary>
    [Id(0)] public required SessionKey Session { get; init; }

    /// <summary>The number of <see cref="Reason"/>.</summary>
    [Id(1)] public int ReasonCode { get; init; }

    /// <summary>Why it ended.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
