using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.Protocol.Identity;

/// <summary>Roots and leaves with one thing changed each: what an issuer that is careless, or somebody without its key, could send.</summary>
internal sealed class HostileCertificates : IDisposable
{
    private readonly ECDsa _rootKey;
    private readonly ECDsa _leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public HostileCertificates(ECCurve? curve = null)
    {
        _rootKey = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        using var root = Root();
        Id = TenantId.FromRoot(root);
    }

    public TenantId Id { get; }

    public ECDsa RootKey => _rootKey;

    public ECDsa LeafKey => _leafKey;

    public static X509Extension Unknown(bool isCritical) => new("1.2.3.4.5", [0x05, 0x00], isCritical);

    public X509Certificate2 Root(string name = "CN=Root", Action<CertificateRequest>? change = null)
    {
        var request = new CertificateRequest(name, _rootKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        change?.Invoke(request);
        return request.CreateSelfSigned(TestAuthority.Epoch.AddMinutes(-5), TestAuthority.Epoch.AddDays(1));
    }

    /// <summary>A leaf of the profile, but for the change.</summary>
    public X509Certificate2 Leaf(string issuer = "CN=Root", Action<CertificateRequest>? change = null, ECDsa? signer = null, HashAlgorithmName? hash = null, ECDsa? key = null)
    {
        var request = new CertificateRequest("CN=leaf", key ?? _leafKey, hash ?? HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(CertificateUsage.For(PeerRole.Device), false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(new PeerIdentity(Id, PeerRole.Device, "laptop-7").ToString()));
        request.CertificateExtensions.Add(names.Build());
        change?.Invoke(request);
        return request.Create(
            new X500DistinguishedName(issuer), X509SignatureGenerator.CreateForECDsa(signer ?? _rootKey), TestAuthority.Epoch.AddMinutes(-5), TestAuthority.Epoch.AddHours(1), [1, 2, 3]);
    }

    /// <summary>Puts a certificate together from its parts, signed anew or not.</summary>
    /// <param name="certificate">Gives what is not given.</param>
    /// <param name="algorithm">The outer algorithm.</param>
    /// <param name="signature">Of the bytes that are signed.</param>
    /// <param name="unusedBits">Of the BIT STRING.</param>
    public static X509Certificate2 Assemble(X509Certificate2 certificate, byte[]? algorithm = null, Func<byte[], byte[]>? signature = null, int unusedBits = 0)
    {
        var parts = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        var signed = parts.ReadEncodedValue().ToArray();
        var outer = parts.ReadEncodedValue().ToArray();
        var bits = parts.ReadBitString(out _);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signed);
            writer.WriteEncodedValue(algorithm ?? outer);
            writer.WriteBitString(signature?.Invoke(signed) ?? bits, unusedBits);
        }

        return X509CertificateLoader.LoadCertificate(writer.Encode());
    }

    public void Dispose()
    {
        _rootKey.Dispose();
        _leafKey.Dispose();
    }
}
