using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Sessions;

/// <summary>What is stored of a device or node.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.Attach")]
public sealed record AttachState
{
    /// <summary>The newest session ever accepted; its generation only goes up. Null: never attached.</summary>
    [Id(0)] public SessionKey? Last { get; init; }

    /// <summary>The certificate of that session; empty: none.</summary>
    [Id(1)] public string CertificateSha256 { get; init; } = "";

    /// <summary>Its NotBefore; an earlier one of another certificate is superseded.</summary>
    [Id(2)] public long CertificateNotBeforeUnixMs { get; init; }

    /// <summary>Revoked certificates, at most <see cref="AttachRules.MaxRevokedCertificates"/>.</summary>
    [Id(3)] public ImmutableArray<string> RevokedCertificates { get; init; } = [];

    [Id(4)] public bool IsBlocked { get; init; }
}
