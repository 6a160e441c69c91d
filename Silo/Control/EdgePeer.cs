using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.Control;

/// <summary>The edge at the other end of a link, as its TLS certificate names it.</summary>
/// <param name="Edge">The name in its certificate, whose chain to the installation's root was verified.</param>
/// <param name="CertificateSha256">SHA-256 of that certificate, hexadecimal.</param>
/// <param name="KeySha256">SHA-256 of its SubjectPublicKeyInfo, hexadecimal.</param>
/// <param name="Address">Its network address.</param>
internal sealed record EdgePeer(EdgeId Edge, string CertificateSha256, string KeySha256, string Address);
