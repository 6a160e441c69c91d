using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls;

/// <summary>The approved public keys: ECDSA on P-256 and P-384 (FIPS 186-5).</summary>
internal static class DtlsKeys
{
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string P384 = "1.3.132.0.34";

    public static bool IsApproved(X509Certificate2 certificate)
    {
        try
        {
            using ECDsa? key = certificate.GetECDsaPublicKey();
            return key?.ExportParameters(includePrivateParameters: false).Curve.Oid.Value is P256 or P384;
        }
        catch (CryptographicException)
        {
            // Peer fault: a key that does not parse, or explicit curve parameters.
            return false;
        }
    }
}
