namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// What the silo verified about an ATTACH: the certificate's chain and role, the signature, the edge that it names and its time. The grain judges
/// what only it can know: generation, supersession, revocation.
/// </summary>
[GenerateSerializer, Immutable, Alias("uem.AttachFacts")]
public sealed record AttachFacts
{
    /// <summary>Where the peer is, with the generation it claims.</summary>
    [Id(0)] public required SessionKey Session { get; init; }

    /// <summary>SHA-256 of the peer's certificate (DER), 64 lower-case hexadecimal digits.</summary>
    [Id(1)] public required string CertificateSha256 { get; init; }

    /// <summary>NotBefore of that certificate, Unix time in milliseconds; the order of a peer's certificates.</summary>
    [Id(2)] public required long CertificateNotBeforeUnixMs { get; init; }

    /// <summary>NotAfter of that certificate, Unix time in milliseconds; for the inventory.</summary>
    [Id(3)] public required long CertificateNotAfterUnixMs { get; init; }

    /// <summary>The peer's network address, for the inventory.</summary>
    [Id(4)] public string Address { get; init; } = "";

    /// <summary><c>tcp</c> or <c>udp</c>, for the inventory.</summary>
    [Id(5)] public string Transport { get; init; } = "";

    /// <summary>Name and version of the peer's software, at most 64 characters, for the inventory.</summary>
    [Id(6)] public string Software { get; init; } = "";
}
