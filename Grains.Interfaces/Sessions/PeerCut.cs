namespace OrleansUem.Grains.Interfaces;

/// <summary>An administrator's order on a device or node.</summary>
[GenerateSerializer, Immutable, Alias("uem.PeerCut")]
public sealed record PeerCut
{
    /// <summary>What to do.</summary>
    [Id(0)] public required PeerCutKind Kind { get; init; }

    /// <summary>SHA-256 of the certificate (DER), 64 lower-case hexadecimal digits; only with <see cref="PeerCutKind.RevokeCertificate"/>.</summary>
    [Id(1)] public string CertificateSha256 { get; init; } = "";
}
