using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls;

/// <summary>The approved public keys: ECDSA on P-256 and P-384 (FIPS 186-5).</summary>
internal static class DtlsKeys
{
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string P384 = "1.3.132.0.34";

    /// <summary>By what the certificate says of its key (RFC 5480 §2.1.1): whether the key is a point of that curve shows when it is used.</summary>
    public static bool IsApproved(X509Certificate2 certificate)
    {
        try
        {
            var key = certificate.PublicKey;
            return key.Oid.Value == EcPublicKey
                && key.EncodedParameters is { } curve
                && AsnDecoder.ReadObjectIdentifier(curve.RawData, AsnEncodingRules.DER, out _) is P256 or P384;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            // Peer fault: a key that does not parse, or explicit curve parameters.
            return false;
        }
    }
}
