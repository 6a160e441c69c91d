using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>An order to end a tunnel.</summary>
[GenerateSerializer, Immutable, Alias("uem.TunnelEnd")]
public sealed record TunnelEnd
{
    /// <summary>The number of <see cref="Reason"/> that both ends are told.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>For people, at most 256 characters.</summary>
    [Id(1)] public string Detail { get; init; } = "";

    /// <summary>Only this tunnel; 0: whichever is there.</summary>
    [Id(2)] public ulong TunnelId { get; init; }

    /// <summary>Only a tunnel with this session at either end; null: any.</summary>
    [Id(3)] public SessionKey? Session { get; init; }

    /// <summary>Why.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
