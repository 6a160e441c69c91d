using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Transport;

/// <summary>TLS 1.3 and 1.2 by SslStream.</summary>
internal sealed class SslStreamServer(X509Certificate2 certificate, IReadOnlyList<string> alpns) : ITlsServer
{
    private readonly SslServerAuthenticationOptions _options = ServerOptions(certificate, alpns);

    public async Task<TlsHandshakeResult> AuthenticateAsync(Stream stream, CancellationToken cancellationToken)
    {
        var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsServerAsync(_options, cancellationToken);
            return new TlsHandshakeResult(
                tls,
                tls.NegotiatedApplicationProtocol.ToString(),
                $"{tls.SslProtocol} {tls.NegotiatedCipherSuite}",
                tls.RemoteCertificate is { } certificate ? new X509Certificate2(certificate) : null);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    [SuppressMessage(
        "Security", "CA5359", Justification = "The server side: certificates of strangers are judged above, by tenant and role.")]
    private static SslServerAuthenticationOptions ServerOptions(X509Certificate2 certificate, IReadOnlyList<string> alpns) => new()
    {
        ApplicationProtocols = [.. alpns.Select(alpn => new SslApplicationProtocol(alpn))],
        EnabledSslProtocols = TlsSettings.Protocols,
        CipherSuitesPolicy = TlsSettings.Suites,
        CertificateChainPolicy = TlsSettings.ChainPolicy(),
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
        ClientCertificateRequired = true,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
        AllowRenegotiation = false,

        // A resumed handshake would bring no certificate of the peer.
        AllowTlsResume = false,
    };
}
