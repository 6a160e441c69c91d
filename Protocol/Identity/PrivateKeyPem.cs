using System.Formats.Asn1;
using System.Security.Cryptography;

namespace OrleansUem.Protocol.Identity;

/// <summary>Private keys in files.</summary>
public static class PrivateKeyPem
{
    /// <summary>Reads a key.</summary>
    /// <param name="pem">PKCS#8 or SEC 1 in PEM; any text.</param>
    /// <returns>The key; the caller disposes it.</returns>
    /// <exception cref="CryptographicException">The text holds no key, or one on a curve other than P-256 and P-384.</exception>
    public static ECDsa Load(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return key.KeySize is 256 or 384 ? key : throw new CryptographicException($"The private key has {key.KeySize} bits; P-256 and P-384 are supported.");
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or AsnContentException)
        {
            // Not a PEM, two keys in one file, a key of another kind, or a curve that nobody knows.
            key.Dispose();
            throw new CryptographicException("The private key does not parse.", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
