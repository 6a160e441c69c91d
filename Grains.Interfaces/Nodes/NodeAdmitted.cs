using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>Whether the node takes a tunnel.</summary>
[GenerateSerializer, Immutable, Alias("uem.NodeAdmitted")]
public sealed record NodeAdmitted
{
    /// <summary>The number of <see cref="Reason"/>; 0 when admitted.</summary>
    [Id(0)] public int ReasonCode { get; init; }

    /// <summary>The node's session; null when refused.</summary>
    [Id(1)] public SessionKey? Session { get; init; }

    /// <summary>None, TunnelLimit, NodeLost or CertificateRevoked.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
