using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls.Native;

/// <summary>Takes the peer's certificates out of libssl and asks the verifier.</summary>
internal static unsafe class PeerCertificateReader
{
    /// <summary>Certificates beyond the leaf that a verifier gets to see. A tenant has one or two levels.</summary>
    private const int MaxSentChain = 8;

    /// <summary>Two libraries of one version are one: the loader knows them by their name.</summary>
    private static readonly Lazy<bool> IsSharedWithDotNet = new(
        static () => !OperatingSystem.IsWindows() && SafeEvpPKeyHandle.OpenSslVersion == (long)LibCrypto.OpenSSL_version_num());

    /// <summary>X509_V_ERR_* of x509_vfy.h, chosen for the alert that libssl maps them to
    /// (ssl_x509err2alert).</summary>
    private const int ErrorCertificateUnknown = 50_000;
    private const int ErrorExpired = 10;
    private const int ErrorUnknownAuthority = 20;
    private const int ErrorRevoked = 23;
    private const int ErrorInvalidPurpose = 26;
    private const int ErrorRejected = 28;

    public static (DtlsFailure Failure, string Detail, int Error) Judge(nint store, DtlsPeerVerifier? verifier, out X509Certificate2? leaf)
    {
        leaf = Load(LibCrypto.X509_STORE_CTX_get0_cert(store));
        if (leaf is null)
        {
            return (DtlsFailure.PeerCertificateRefused, "the peer's certificate does not parse", ErrorRejected);
        }

        if (!DtlsKeys.IsApproved(leaf))
        {
            return (DtlsFailure.PeerKeyUnsupported, "the peer's key is not ECDSA on P-256 or P-384", ErrorInvalidPurpose);
        }

        if (verifier is null)
        {
            return (DtlsFailure.PeerCertificateRefused, "no verifier", ErrorCertificateUnknown);
        }

        var sentChain = LoadChain(LibCrypto.X509_STORE_CTX_get0_untrusted(store));
        try
        {
            var verdict = verifier(leaf, sentChain);
            return verdict.IsAccepted
                ? (DtlsFailure.None, "", 0)
                : (DtlsFailure.PeerCertificateRefused, verdict.Detail ?? "the verifier gave no verdict", ErrorFor(verdict.Refusal));
        }
        finally
        {
            foreach (var certificate in sentChain)
            {
                certificate.Dispose();
            }
        }
    }

    private static int ErrorFor(DtlsRefusal refusal) => refusal switch
    {
        DtlsRefusal.UnknownAuthority => ErrorUnknownAuthority,
        DtlsRefusal.Expired => ErrorExpired,
        DtlsRefusal.Revoked => ErrorRevoked,
        DtlsRefusal.WrongPurpose => ErrorInvalidPurpose,
        DtlsRefusal.BadCertificate or DtlsRefusal.WrongIdentity => ErrorRejected,
        _ => ErrorCertificateUnknown,
    };

    private static X509Certificate2Collection LoadChain(nint stack)
    {
        var chain = new X509Certificate2Collection();
        var count = stack == 0 ? 0 : Math.Min(LibCrypto.OPENSSL_sk_num(stack), MaxSentChain + 1);

        // Index 0 is the leaf itself.
        for (var i = 1; i < count; i++)
        {
            if (Load(LibCrypto.OPENSSL_sk_value(stack, i)) is { } certificate)
            {
                chain.Add(certificate);
            }
        }

        return chain;
    }

    /// <summary>libssl's certificate as .NET's, with a reference of its own.</summary>
    /// <returns>Null when there is none, or one that .NET does not take.</returns>
    public static X509Certificate2? Load(nint certificate)
    {
        if (certificate == 0)
        {
            return null;
        }

        try
        {
            // Decoding it once more would cost a quarter of a millisecond. It is the same object only if .NET has loaded the same library.
            return IsSharedWithDotNet.Value ? new X509Certificate2(certificate) : Encode(certificate) is { } der ? X509CertificateLoader.LoadCertificate(der) : null;
        }
        catch (CryptographicException)
        {
            // Peer fault: libssl is more lenient than the loader.
            return null;
        }
    }

    private static byte[]? Encode(nint certificate)
    {
        var bytes = LibCrypto.i2d_X509(certificate, null);
        if (bytes <= 0)
        {
            return null;
        }

        var der = new byte[bytes];
        fixed (byte* first = der)
        {
            var cursor = first;
            return LibCrypto.i2d_X509(certificate, &cursor) == bytes ? der : null;
        }
    }
}
