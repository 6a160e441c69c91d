using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Transport;

/// <summary>What a server's handshake came to.</summary>
/// <param name="Stream">The plaintext side.</param>
/// <param name="Alpn">The application protocol; empty when the client offered none.</param>
/// <param name="Suite">Protocol version and cipher suite, for people.</param>
/// <param name="PeerCertificate">The certificate whose key the client proved to hold; null when it showed none.</param>
public sealed record TlsHandshakeResult(Stream Stream, string Alpn, string Suite, X509Certificate2? PeerCertificate);
