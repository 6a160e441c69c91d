using System.Formats.Asn1;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Protocol.Identity;

/// <summary>A root whose key and fields are decoded once, and what it says of a leaf besides name and signature (RFC 5280 §6.1). Thread-safe.</summary>
internal sealed class CertificateIssuer
{
    private const string NameConstraintsOid = "2.5.29.30";

    // The caller's object stands for its bytes: what is decoded is kept for as long as its owner keeps that.
    private static readonly ConditionalWeakTable<X509Certificate2, CertificateIssuer> Known = [];

    // .NET decodes an extension when it is first asked, and a second thread that asks meanwhile sees it half decoded (measured: a list of extended usages without all of its entries). What was seen then would be kept.
    private static readonly Lock Making = new();

    private readonly X509Certificate2 _root;
    private readonly byte[] _serialNumber;
    private readonly byte[] _issuerName;
    private readonly byte[]? _keyIdentifier;
    private readonly bool _mayIssue;

    // An object of .NET is for one thread at a time. Who finds none makes one more.
    private ECDsa? _idleKey;

    private CertificateIssuer(X509Certificate2 root)
    {
        _root = root;
        Id = TenantId.FromRoot(root);
        NotBefore = root.NotBefore.ToUniversalTime();
        NotAfter = root.NotAfter.ToUniversalTime();
        _serialNumber = root.SerialNumberBytes.ToArray();
        _issuerName = root.IssuerName.RawData;
        try
        {
            _keyIdentifier = root.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes.ToArray();
            _mayIssue = MayIssue(root);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or NotSupportedException or ArgumentException)
        {
            // A fault of who made it: an extension that does not decode.
            _mayIssue = false;
        }
    }

    /// <summary>Of the root's key.</summary>
    public TenantId Id { get; }

    /// <summary>UTC.</summary>
    public DateTime NotBefore { get; }

    /// <summary>UTC.</summary>
    public DateTime NotAfter { get; }

    /// <summary>The issuer that a certificate is.</summary>
    /// <exception cref="CryptographicException">A field of it does not decode.</exception>
    public static CertificateIssuer Of(X509Certificate2 root)
    {
        if (Known.TryGetValue(root, out var known))
        {
            return known;
        }

        lock (Making)
        {
            return Known.GetValue(root, static root => new CertificateIssuer(root));
        }
    }

    /// <summary>Whether it is a root that may issue, and the one that a leaf names beside its issuer's name.</summary>
    public bool MayHaveIssued(X509Certificate2 leaf)
    {
        try
        {
            return _mayIssue && leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().All(IsMine);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or NotSupportedException or ArgumentException)
        {
            // A peer fault: an extension that does not decode.
            return false;
        }
    }

    /// <summary>Whether its key made a signature.</summary>
    /// <exception cref="CryptographicException">The key is no point of its curve.</exception>
    public bool HasSigned(ReadOnlySpan<byte> content, HashAlgorithmName hash, ReadOnlySpan<byte> signature)
    {
        var key = Interlocked.Exchange(ref _idleKey, null) ?? _root.GetECDsaPublicKey();
        if (key is null)
        {
            return false;
        }

        try
        {
            return key.VerifyData(content, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        finally
        {
            Interlocked.Exchange(ref _idleKey, key)?.Dispose();
        }
    }

    private static bool MayIssue(X509Certificate2 root)
    {
        // Nobody here would apply constraints of names, so a root that has them is none for us.
        var usage = root.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        return CertificateProfile.HasPlainExtensions(root)
            && root.Extensions.All(static extension => extension.Oid?.Value != NameConstraintsOid)
            && root.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is { CertificateAuthority: true }
            && (usage is null || usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));
    }

    // RFC 5280 §4.2.1.1: which key and which certificate the leaf says it was signed with, each if it says so.
    private bool IsMine(X509AuthorityKeyIdentifierExtension authority) =>
        (authority.KeyIdentifier is not { } key || _keyIdentifier is null || key.Span.SequenceEqual(_keyIdentifier))
        && (authority.SerialNumber is not { } serial || serial.Span.SequenceEqual(_serialNumber))
        && (authority.NamedIssuer is not { } issuer || issuer.RawData.AsSpan().SequenceEqual(_issuerName));
}
