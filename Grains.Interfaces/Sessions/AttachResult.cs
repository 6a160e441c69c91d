using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>The judgement on an attach.</summary>
[GenerateSerializer, Immutable, Alias("uem.AttachResult")]
public sealed record AttachResult
{
    /// <summary>The number of <see cref="Reason"/>; 0 when attached.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>The last generation accepted, also with <see cref="Reason.StaleGeneration"/>.</summary>
    [Id(1)] public ulong LastGeneration { get; init; }

    /// <summary>An older session on the same edge, which that edge ends with <see cref="Reason.Replaced"/>; null when there is none. The grain tells other edges itself.</summary>
    [Id(2)] public SessionKey? Replaced { get; init; }

    /// <summary>None when attached, or why not.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
