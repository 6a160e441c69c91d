using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// The one shape of certificates that devices, nodes, edges and silos have: X.509 v3, EC key on P-256 or P-384, issued directly by the root,
/// not a CA, exactly one subject alternative name and that a URI (<see cref="PeerIdentity"/>), key usage digitalSignature, and exactly one
/// of the role usages of <see cref="CertificateUsage"/> that equals the URI's role. Subject names carry no meaning.
/// </summary>
public static class CertificateProfile
{
    /// <summary>The longest certificate that is looked at, in bytes of DER. Ours have 700; too large lets strangers spend our CPU.</summary>
    public const int MaxCertificateBytes = 4_096;

    private const string SubjectAlternativeNameOid = "2.5.29.17";

    // The key identifiers, which say nothing that name and signature do not, alternative name, usages, basic constraints.
    private static readonly string?[] UnderstoodOids = ["2.5.29.14", "2.5.29.35", SubjectAlternativeNameOid, "2.5.29.15", "2.5.29.37", "2.5.29.19"];

    private const string EcPublicKeyOid = "1.2.840.10045.2.1";
    private const string P256Oid = "1.2.840.10045.3.1.7";
    private const string P384Oid = "1.3.132.0.34";

    /// <summary>Reads DER that a peer sent.</summary>
    /// <param name="der">The bytes; any.</param>
    /// <param name="certificate">The certificate on success; the caller disposes it.</param>
    /// <returns><see cref="Reason.None"/> or <see cref="Reason.CertificateMalformed"/>.</returns>
    public static Reason TryLoad(ReadOnlySpan<byte> der, out X509Certificate2? certificate)
    {
        certificate = null;
        if (der.Length is 0 or > MaxCertificateBytes)
        {
            return Reason.CertificateMalformed;
        }

        try
        {
            certificate = X509CertificateLoader.LoadCertificate(der);
            ReadFields(certificate);
            return Reason.None;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or NotSupportedException or ArgumentException)
        {
            // A peer fault: bytes that are no certificate, or one with a field that does not decode.
            certificate?.Dispose();
            certificate = null;
            return Reason.CertificateMalformed;
        }
    }

    /// <summary>As <see cref="TryLoad"/> and <see cref="ReadIdentity"/> for a certificate that a TLS library has decoded already.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="identity">The claimed identity on success.</param>
    /// <returns><see cref="Reason.None"/> or <see cref="Reason.CertificateMalformed"/>.</returns>
    public static Reason Check(X509Certificate2 certificate, out PeerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        identity = default;
        return certificate.RawDataMemory.Length > MaxCertificateBytes ? Reason.CertificateMalformed : ReadIdentity(certificate, out identity);
    }

    /// <summary>Reads the identity that a certificate claims and checks its shape. Says nothing about trust or time.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="identity">The claimed identity on success.</param>
    /// <returns><see cref="Reason.None"/> or <see cref="Reason.CertificateMalformed"/>.</returns>
    public static Reason ReadIdentity(X509Certificate2 certificate, out PeerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        identity = default;
        try
        {
            ReadFields(certificate);
            return HasApprovedKey(certificate)
                && HasPlainExtensions(certificate)
                && TryReadExtensions(certificate, out var usageRole, out var uri)
                && PeerIdentity.TryParse(uri, out identity)
                && identity.Role == usageRole
                ? Reason.None
                : Reason.CertificateMalformed;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or NotSupportedException or ArgumentException)
        {
            // A peer fault: an extension that does not decode.
            return Reason.CertificateMalformed;
        }
    }

    /// <summary>
    /// Verifies a certificate whole: shape, issued by <paramref name="root"/>, that root is the one its identity names, role and validity.
    /// Revocation is the caller's: a node has its own list, a silo its cuts. Threads may share the root; a certificate is for one at a time, as .NET decodes it while it is read.
    /// </summary>
    /// <param name="certificate">The peer's certificate.</param>
    /// <param name="root">The root the verifier trusts.</param>
    /// <param name="role">The role that the connection is for.</param>
    /// <param name="now">The verifier's clock.</param>
    /// <param name="identity">The identity on success, and on a failure that comes after the shape was read.</param>
    /// <returns><see cref="Reason.None"/> or a reason of the identity group.</returns>
    public static Reason Verify(
        X509Certificate2 certificate, X509Certificate2 root, PeerRole role, DateTimeOffset now, out PeerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(root);
        var shape = ReadIdentity(certificate, out identity);
        return shape != Reason.None ? shape : Judge(certificate, identity, root, role, now);
    }

    /// <summary>What <see cref="Verify"/> does after the shape, for a certificate whose identity the caller has read from it already.</summary>
    /// <param name="certificate">The peer's certificate.</param>
    /// <param name="identity">What <see cref="ReadIdentity"/> read from it.</param>
    /// <param name="root">The root the verifier trusts.</param>
    /// <param name="role">The role that the connection is for.</param>
    /// <param name="now">The verifier's clock.</param>
    /// <returns><see cref="Reason.None"/> or a reason of the identity group.</returns>
    public static Reason Judge(X509Certificate2 certificate, PeerIdentity identity, X509Certificate2 root, PeerRole role, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(root);
        var issuer = CertificateIssuer.Of(root);
        if (identity.Root != issuer.Id || !issuer.MayHaveIssued(certificate) || !CertificateSignature.IsIssuedBy(certificate, root))
        {
            return Reason.CertificateUntrusted;
        }

        if (identity.Role != role)
        {
            return Reason.CertificateWrongRole;
        }

        if (now < certificate.NotBefore.ToUniversalTime() || now < issuer.NotBefore)
        {
            return Reason.CertificateNotYetValid;
        }

        return now > certificate.NotAfter.ToUniversalTime() || now > issuer.NotAfter ? Reason.CertificateExpired : Reason.None;
    }

    /// <summary>Whether this is a root of ours: self-signed CA on an approved curve that may sign leaves and nothing deeper.</summary>
    /// <param name="root">The candidate.</param>
    /// <returns>True when it may be registered as a root.</returns>
    public static bool IsRoot(X509Certificate2 root)
    {
        ArgumentNullException.ThrowIfNull(root);
        try
        {
            var constraints = root.Extensions.OfType<X509BasicConstraintsExtension>().SingleOrDefault();
            var usage = root.Extensions.OfType<X509KeyUsageExtension>().SingleOrDefault();
            return HasApprovedKey(root)
                && constraints is { CertificateAuthority: true, HasPathLengthConstraint: true, PathLengthConstraint: 0 }
                && usage is not null && usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign)
                && HasPlainExtensions(root)
                && CertificateSignature.IsIssuedBy(root, root);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or InvalidOperationException or NotSupportedException or ArgumentException)
        {
            // A peer fault: an extension or curve that does not decode, or an extension that stands twice.
            return false;
        }
    }

    // .NET and OpenSSL decode these when they are first asked for, and throw then: better here than where the certificate is trusted already.
    private static void ReadFields(X509Certificate2 certificate)
    {
        _ = certificate.NotBefore;
        _ = certificate.NotAfter;
        _ = certificate.SubjectName;
        _ = certificate.Extensions;
        _ = certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }

    // RFC 5280 §4.2: an extension stands once, and one that is critical and not understood is refused.
    internal static bool HasPlainExtensions(X509Certificate2 certificate)
    {
        var seen = 0;
        foreach (var extension in certificate.Extensions)
        {
            var index = Array.IndexOf(UnderstoodOids, extension.Oid?.Value);
            if (index < 0 ? extension.Critical : (seen & (1 << index)) != 0)
            {
                return false;
            }

            seen |= index < 0 ? 0 : 1 << index;
        }

        return true;
    }

    private static bool HasApprovedKey(X509Certificate2 certificate)
    {
        var key = certificate.PublicKey;
        if (key.Oid.Value != EcPublicKeyOid || key.EncodedParameters is not { } parameters)
        {
            return false;
        }

        var curve = AsnDecoder.ReadObjectIdentifier(parameters.RawData, AsnEncodingRules.DER, out _);
        return curve is P256Oid or P384Oid;
    }

    private static bool TryReadExtensions(X509Certificate2 certificate, out PeerRole role, out string? uri)
    {
        role = PeerRole.Unspecified;
        uri = null;
        var isLeaf = true;
        foreach (var extension in certificate.Extensions)
        {
            switch (extension)
            {
                case X509EnhancedKeyUsageExtension usages:
                    role = CertificateUsage.RoleOf(usages.EnhancedKeyUsages);
                    break;
                case X509BasicConstraintsExtension constraints:
                    isLeaf &= !constraints.CertificateAuthority;
                    break;
                case X509KeyUsageExtension usage:
                    isLeaf &= usage.KeyUsages == X509KeyUsageFlags.DigitalSignature;
                    break;
                default:
                    if (extension.Oid?.Value == SubjectAlternativeNameOid)
                    {
                        uri = ReadOnlyUri(extension.RawData);
                    }

                    break;
            }
        }

        return isLeaf && role != PeerRole.Unspecified && uri is not null;
    }

    // RFC 5280 §4.2.1.6: GeneralNames; [6] is uniformResourceIdentifier. Exactly one name, and that one a URI.
    private static string? ReadOnlyUri(byte[] extension)
    {
        var uriTag = new Asn1Tag(TagClass.ContextSpecific, 6);
        var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        if (!names.HasData || !names.PeekTag().HasSameClassAndValue(uriTag))
        {
            return null;
        }

        var uri = names.ReadCharacterString(UniversalTagNumber.IA5String, uriTag);
        return names.HasData ? null : uri;
    }
}
