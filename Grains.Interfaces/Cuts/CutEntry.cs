using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// One entry of the cut ledger; the same fields as Cut in control.proto. The tenant alone is the whole tenant. Applying an entry again is
/// harmless, applying entries in another order is not: a later entry may be the administrator's second thought.
/// </summary>
[GenerateSerializer, Immutable, Alias("uem.CutEntry")]
public sealed record CutEntry
{
    /// <summary>Counts up by one over all cuts of the installation; 0 in an entry that the ledger has not taken yet, and in an order to one edge that is no cut of the ledger.</summary>
    [Id(0)] public ulong Sequence { get; init; }

    /// <summary>The tenant, always set.</summary>
    [Id(1)] public required string TenantId { get; init; }

    /// <summary>The device, or empty.</summary>
    [Id(2)] public string DeviceId { get; init; } = "";

    /// <summary>The node, or empty.</summary>
    [Id(3)] public string NodeId { get; init; } = "";

    /// <summary>SHA-256 of the certificate in hexadecimal; empty: any certificate.</summary>
    [Id(4)] public string CertificateSha256 { get; init; } = "";

    /// <summary>The number of <see cref="Reason"/>.</summary>
    [Id(5)] public int ReasonCode { get; init; }

    /// <summary>Sessions up to this generation; 0: all.</summary>
    [Id(6)] public ulong GenerationThrough { get; init; }

    /// <summary>When it was ordered, Unix time in milliseconds.</summary>
    [Id(7)] public long AtUnixMs { get; init; }

    /// <summary>Why.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
