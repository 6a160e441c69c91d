using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>The dialling side's checks of the server's certificate beyond the handshake.</summary>
public static class ServerCertificates
{
    /// <summary>
    /// First contact: HELLO brings the root, the fingerprint that came by another way tells whether it is the right one, and the certificate of the
    /// handshake must be issued by it.
    /// </summary>
    /// <param name="certificate">The server's certificate, whose key the handshake proved.</param>
    /// <param name="hello">The server's HELLO.</param>
    /// <param name="installation">The fingerprint of the installation's root.</param>
    /// <param name="role">Edge or Silo.</param>
    /// <param name="now">The clock.</param>
    /// <param name="root">The root on success; the caller disposes it.</param>
    /// <returns><see cref="Reason.None"/> or why not.</returns>
    public static Reason VerifyHello(
        X509Certificate2 certificate, Hello hello, TenantId installation, PeerRole role, DateTimeOffset now, out X509Certificate2? root)
    {
        ArgumentNullException.ThrowIfNull(hello);
        var reason = CertificateProfile.TryLoad(hello.InstallationRoot.Span, out root);
        if (reason == Reason.None)
        {
            reason = TenantId.FromRoot(root!) != installation || !CertificateProfile.IsRoot(root!)
                ? Reason.CertificateUntrusted
                : CertificateProfile.Verify(certificate, root!, role, now, out var identity);
            if (reason == Reason.None)
            {
                reason = VerifyName(certificate, hello);
            }
        }

        if (reason != Reason.None)
        {
            root?.Dispose();
            root = null;
        }

        return reason;
    }

    /// <summary>Whether HELLO names the holder of the certificate.</summary>
    /// <param name="certificate">The server's certificate, verified.</param>
    /// <param name="hello">The server's HELLO.</param>
    /// <returns><see cref="Reason.None"/> or CertificateWrongName.</returns>
    public static Reason VerifyName(X509Certificate2 certificate, Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        var reason = CertificateProfile.ReadIdentity(certificate, out var identity);
        return reason != Reason.None ? reason : identity.Name == hello.ServerName ? Reason.None : Reason.CertificateWrongName;
    }
}
