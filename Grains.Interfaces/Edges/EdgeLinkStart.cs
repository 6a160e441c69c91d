namespace OrleansUem.Grains.Interfaces;

/// <summary>A control link that its silo registers.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeLinkStart")]
public sealed record EdgeLinkStart
{
    /// <summary>Names the link in the whole installation: chosen at random by the silo for each connection.</summary>
    [Id(0)] public required string LinkId { get; init; }

    /// <summary>The silo that has the connection.</summary>
    [Id(1)] public required string SiloId { get; init; }

    /// <summary>The edge's process, hexadecimal; another value than before means that every session of the edge is gone.</summary>
    [Id(2)] public required string ProcessId { get; init; }

    /// <summary>The last cut that the edge is known to have applied: from LinkStart, then from the cuts it acknowledged on this link.</summary>
    [Id(3)] public ulong LastCut { get; init; }

    /// <summary>SHA-256 of the edge's certificate (DER), hexadecimal.</summary>
    [Id(4)] public required string CertificateSha256 { get; init; }

    /// <summary>The edge's network address, for the inventory.</summary>
    [Id(5)] public string Address { get; init; } = "";

    /// <summary>SHA-256 of that certificate's SubjectPublicKeyInfo, hexadecimal: the key that <see cref="EdgeRegistration.KeySha256"/> registered.</summary>
    [Id(6)] public required string KeySha256 { get; init; }
}
