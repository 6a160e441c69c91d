using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Tests.Protocol.Identity;

/// <summary>What <see cref="CertificateProfile.Verify"/> says when the chain is built by .NET on OpenSSL: the oracle of the product's own check.</summary>
internal static class ChainOracle
{
    public static Reason Verify(X509Certificate2 certificate, X509Certificate2 root, PeerRole role, DateTimeOffset now)
    {
        var shape = CertificateProfile.ReadIdentity(certificate, out var identity);
        return shape != Reason.None ? shape
            : identity.Root != TenantId.FromRoot(root) || !IsIssuedBy(certificate, root) ? Reason.CertificateUntrusted
            : identity.Role != role ? Reason.CertificateWrongRole
            : now < certificate.NotBefore.ToUniversalTime() || now < root.NotBefore.ToUniversalTime() ? Reason.CertificateNotYetValid
            : now > certificate.NotAfter.ToUniversalTime() || now > root.NotAfter.ToUniversalTime() ? Reason.CertificateExpired
            : Reason.None;
    }

    /// <summary>What a chain of at most two says, with only the root trusted; times are judged elsewhere.</summary>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 root)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        try
        {
            return chain.Build(certificate)
                && chain.ChainElements.Count <= 2
                && chain.ChainElements[^1].Certificate.RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
