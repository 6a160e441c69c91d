using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// A root and its private key: a tenant's, which lives in its node, or the installation's, which lives in its silo. Issues certificates of
/// <see cref="CertificateProfile"/>. Not for concurrent use.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>Certificates are valid from this long before they are issued, for peers whose clock is behind.</summary>
    public static readonly TimeSpan BackDating = TimeSpan.FromMinutes(10);

    private readonly ECDsa _key;

    private CertificateAuthority(X509Certificate2 root, ECDsa key)
    {
        Root = root;
        _key = key;
        Id = TenantId.FromRoot(root);
    }

    /// <summary>The root certificate, without the key.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>The root's fingerprint: the tenant's or the installation's id.</summary>
    public TenantId Id { get; }

    /// <summary>Makes a root on P-256.</summary>
    /// <param name="name">The subject's common name, for people.</param>
    /// <param name="now">The clock.</param>
    /// <param name="validity">How long the root is valid.</param>
    /// <returns>The authority.</returns>
    public static CertificateAuthority Create(string name, DateTimeOffset now, TimeSpan validity) =>
        Create(name, ECDsa.Create(ECCurve.NamedCurves.nistP256), now, validity);

    /// <summary>Makes a root for a key that is there, which the authority then owns.</summary>
    internal static CertificateAuthority Create(string name, ECDsa key, DateTimeOffset now, TimeSpan validity)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var withKey = request.CreateSelfSigned(now - BackDating, now + validity);
        return new CertificateAuthority(X509CertificateLoader.LoadCertificate(withKey.RawData), key);
    }

    /// <summary>Takes up a stored root.</summary>
    /// <param name="rootPem">The root certificate.</param>
    /// <param name="keyPem">Its private key, PKCS#8.</param>
    /// <returns>The authority.</returns>
    /// <exception cref="CryptographicException">A text does not parse, or key and certificate do not belong together.</exception>
    public static CertificateAuthority Load(string rootPem, string keyPem)
    {
        var root = X509Certificate2.CreateFromPem(rootPem);
        ECDsa? key = null;
        try
        {
            key = PrivateKeyPem.Load(keyPem);
            if (CertificateProfile.IsRoot(root) && key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(root.PublicKey.ExportSubjectPublicKeyInfo()))
            {
                return new CertificateAuthority(root, key);
            }

            throw new CryptographicException("The certificate is no root of ours, or the private key does not belong to it.");
        }
        catch
        {
            key?.Dispose();
            root.Dispose();
            throw;
        }
    }

    /// <summary>The private key as PKCS#8 PEM. WARNING: whoever has it is the tenant, or the installation.</summary>
    /// <returns>The text, to be stored for the owner's eyes only.</returns>
    public string ExportKeyPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>Issues a certificate. What a request asks for beyond its key is ignored: role and name are the authority's decision.</summary>
    /// <param name="publicKey">The subject's key, from <see cref="SigningRequest"/>.</param>
    /// <param name="role">The role.</param>
    /// <param name="name">The name; see <see cref="NameRules"/>.</param>
    /// <param name="now">The clock.</param>
    /// <param name="validity">How long; cut at the root's end.</param>
    /// <returns>The certificate, without a private key.</returns>
    /// <exception cref="FormatException">The name breaks the rule.</exception>
    public X509Certificate2 Issue(PublicKey publicKey, PeerRole role, string name, DateTimeOffset now, TimeSpan validity)
    {
        var identity = new PeerIdentity(Id, role, NameRules.Require(name, "certificate name"));
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), publicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(CertificateUsage.For(role), false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, true, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity.ToString()));
        request.CertificateExtensions.Add(names.Build());

        Span<byte> serial = stackalloc byte[16];
        RandomNumberGenerator.Fill(serial);
        serial[0] &= 0x7F; // positive, RFC 5280 §4.1.2.2
        var end = now + validity;
        var rootEnd = new DateTimeOffset(Root.NotAfter.ToUniversalTime());
        var generator = X509SignatureGenerator.CreateForECDsa(_key);
        return request.Create(Root.SubjectName, generator, now - BackDating, end < rootEnd ? end : rootEnd, serial);
    }

    /// <summary>Signs with the root's key: proof of possession at registration.</summary>
    /// <param name="label">What is signed, see <see cref="SignedText"/>.</param>
    /// <param name="content">The content.</param>
    /// <returns>An ECDSA signature with SHA-256 (RFC 3279 DER).</returns>
    public byte[] Sign(string label, ReadOnlySpan<byte> content) => SignedText.Sign(_key, label, content);

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        Root.Dispose();
    }
}
