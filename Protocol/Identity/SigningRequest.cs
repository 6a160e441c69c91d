using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Identity;

/// <summary>Certificate requests (PKCS#10, RFC 2986): they carry a public key and prove possession of its private key; nothing else in them counts.</summary>
public static class SigningRequest
{
    /// <summary>The longest request that is looked at, in bytes of DER.</summary>
    public const int MaxRequestBytes = 2_048;

    /// <summary>Makes a request.</summary>
    /// <param name="key">The key pair, on P-256 or P-384.</param>
    /// <returns>DER.</returns>
    public static byte[] Create(ECDsa key) =>
        new CertificateRequest(new X500DistinguishedName("CN=uem"), key, HashAlgorithmName.SHA256).CreateSigningRequest();

    /// <summary>Reads a request and checks its self-signature.</summary>
    /// <param name="der">The bytes; any.</param>
    /// <param name="publicKey">The key on success.</param>
    /// <returns><see cref="Reason.None"/> or <see cref="Reason.BadRequest"/>.</returns>
    public static Reason TryRead(ReadOnlySpan<byte> der, out PublicKey? publicKey)
    {
        publicKey = null;
        if (der.Length is 0 or > MaxRequestBytes)
        {
            return Reason.BadRequest;
        }

        try
        {
            var request = CertificateRequest.LoadSigningRequest(
                der, HashAlgorithmName.SHA256, out var consumed, CertificateRequestLoadOptions.Default);
            using var key = request.PublicKey.GetECDsaPublicKey();
            if (consumed != der.Length || key is null || key.KeySize is not (256 or 384))
            {
                return Reason.BadRequest;
            }

            publicKey = request.PublicKey;
            return Reason.None;
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException)
        {
            // A peer fault: not a request, a curve or algorithm that nobody knows, or a signature that does not verify.
            return Reason.BadRequest;
        }
    }
}
