using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Silo;

/// <summary>
/// Mutual TLS between silos. Both ends show the certificate that the installation issued and check the other's: an edge has one of the same root, so the
/// role decides. Names and addresses are not checked, since every silo may be any other's peer.
/// </summary>
internal static class ClusterTls
{
    /// <summary>Sets up both directions of a silo's connections.</summary>
    public static void Configure(TlsOptions tls, PeerCredentials own, TimeProvider time)
    {
        tls.LocalCertificate = own.Certificate;
        tls.LocalClientCertificateSelector = (_, _, _, _, _) => own.Certificate;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.SslProtocols = TlsSettings.Protocols;
        tls.RemoteCertificateValidation = (certificate, _, _) => IsSilo(certificate, own.Root, time.GetUtcNow());
        tls.OnAuthenticateAsServer = static (_, options) =>
        {
            var server = (SslServerAuthenticationOptions)options.SslServerAuthenticationOptions;
            server.CipherSuitesPolicy = TlsSettings.Suites;
            server.CertificateChainPolicy = TlsSettings.ChainPolicy();
            server.AllowRenegotiation = false;

            // A resumed handshake would bring no certificate of the peer.
            server.AllowTlsResume = false;
        };
        tls.OnAuthenticateAsClient = static (_, options) =>
        {
            options.TargetHost = "silo";
            var client = (SslClientAuthenticationOptions)options.SslClientAuthenticationOptions;
            client.CipherSuitesPolicy = TlsSettings.Suites;
            client.CertificateChainPolicy = TlsSettings.ChainPolicy();
            client.AllowRenegotiation = false;
            client.AllowTlsResume = false;
        };
    }

    /// <summary>Whether a certificate is that of a silo of the installation, now.</summary>
    internal static bool IsSilo(X509Certificate2 certificate, X509Certificate2 installationRoot, DateTimeOffset now) =>
        CertificateProfile.Verify(certificate, installationRoot, PeerRole.Silo, now, out _) == Reason.None;
}
