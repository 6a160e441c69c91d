using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// Whether one certificate issued another (RFC 5280 §6.1.3 for a path of one certificate): its name, byte for byte, and one ECDSA signature. Time, revocation and what extensions allow are judged elsewhere. Building a
/// chain asks the same question for three times the time of the signature, most of it for stores of certificates that no peer of ours may be trusted by; in the tests it is the oracle.
/// </summary>
internal static class CertificateSignature
{
    private const string EcdsaWithSha256Oid = "1.2.840.10045.4.3.2";
    private const string EcdsaWithSha384Oid = "1.2.840.10045.4.3.3";

    /// <summary>Asks.</summary>
    /// <param name="certificate">The certificate; any that was decoded.</param>
    /// <param name="issuer">The issuer, which may be the same.</param>
    /// <returns>False also for a signature algorithm other than ECDSA with SHA-256 or SHA-384, and for what does not decode.</returns>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        try
        {
            return certificate.IssuerName.RawData.AsSpan().SequenceEqual(issuer.SubjectName.RawData)
                && TryRead(certificate.RawDataMemory, out var content, out var hash, out var signature)
                && CertificateIssuer.Of(issuer).HasSigned(content.Span, hash, signature);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or NotSupportedException or ArgumentException)
        {
            // A peer fault: not DER, or a public key that is no point of its curve.
            return false;
        }
    }

    // RFC 5280 §4.1: SEQUENCE of what is signed, algorithm, BIT STRING; the algorithm stands in what is signed once more (§4.1.1.2), after the optional version and the number.
    private static bool TryRead(ReadOnlyMemory<byte> der, out ReadOnlyMemory<byte> content, out HashAlgorithmName hash, out byte[] signature)
    {
        var certificate = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        content = certificate.ReadEncodedValue();
        var algorithm = certificate.ReadEncodedValue();
        signature = certificate.ReadBitString(out var unusedBits);
        var signed = new AsnReader(content, AsnEncodingRules.DER).ReadSequence();
        if (signed.PeekTag().HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            signed.ReadEncodedValue();
        }

        signed.ReadIntegerBytes();
        hash = HashOf(algorithm);
        return hash != default && unusedBits == 0 && !certificate.HasData && signed.ReadEncodedValue().Span.SequenceEqual(algorithm.Span);
    }

    // RFC 5758 §3.2: no parameters.
    private static HashAlgorithmName HashOf(ReadOnlyMemory<byte> algorithm)
    {
        var reader = new AsnReader(algorithm, AsnEncodingRules.DER).ReadSequence();
        var oid = reader.ReadObjectIdentifier();
        return reader.HasData ? default : oid switch
        {
            EcdsaWithSha256Oid => HashAlgorithmName.SHA256,
            EcdsaWithSha384Oid => HashAlgorithmName.SHA384,
            _ => default,
        };
    }
}
