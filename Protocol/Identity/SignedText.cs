using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// Signatures over <c>label 0x00 content</c>. The label keeps a signature made for one purpose from being used for another.
/// </summary>
public static class SignedText
{
    /// <summary>A peer's claim to be attached.</summary>
    public const string Attach = "uem-attach/1";

    /// <summary>Proof of possession of a tenant's root.</summary>
    public const string Register = "uem-register/1";

    /// <summary>Signs.</summary>
    /// <param name="key">The key.</param>
    /// <param name="label">One of the labels above.</param>
    /// <param name="content">The content.</param>
    /// <returns>ECDSA with SHA-256, RFC 3279 DER.</returns>
    public static byte[] Sign(ECDsa key, string label, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.SignData(Join(label, content), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    /// <summary>Verifies.</summary>
    /// <param name="signer">The certificate whose key signed.</param>
    /// <param name="label">The label.</param>
    /// <param name="content">The content.</param>
    /// <param name="signature">The signature; any bytes.</param>
    /// <returns>False on any fault.</returns>
    public static bool Verify(X509Certificate2 signer, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(signer);
        try
        {
            using var key = signer.GetECDsaPublicKey();
            return key is not null
                && key.VerifyData(Join(label, content), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException or ArgumentException)
        {
            // A peer fault: a key or signature that does not decode.
            return false;
        }
    }

    private static byte[] Join(string label, ReadOnlySpan<byte> content)
    {
        var bytes = new byte[label.Length + 1 + content.Length];
        Encoding.ASCII.GetBytes(label, bytes);
        content.CopyTo(bytes.AsSpan(label.Length + 1));
        return bytes;
    }
}
