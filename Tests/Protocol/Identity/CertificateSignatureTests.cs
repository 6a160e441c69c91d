using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.LoadTest.Fuzz;
using OrleansUem.LoadTest.Fuzz.Shapes;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Protocol.Identity;

/// <summary>The one signature against a chain of OpenSSL's: what we trust, it trusts.</summary>
public sealed class CertificateSignatureTests : IDisposable
{
    private const int Mutants = 2_000;

    private readonly TestAuthority _tenant = new("Tenant");

    public void Dispose() => _tenant.Dispose();

    [Fact]
    public void IsIssuedBy_OwnCertificates_AsTheChain()
    {
        using var other = new TestAuthority("Tenant");
        using var device = _tenant.Issue(PeerRole.Device, "laptop-7");
        var (root, stranger) = (_tenant.Authority.Root, other.Authority.Root);
        foreach (var (certificate, issuer) in ((X509Certificate2, X509Certificate2)[])[(device.Certificate, root), (root, root), (device.Certificate, stranger), (root, stranger), (device.Certificate, device.Certificate)])
        {
            Assert.Equal(ChainOracle.IsIssuedBy(certificate, issuer), CertificateSignature.IsIssuedBy(certificate, issuer));
        }
    }

    /// <summary>Any change that decodes and is trusted all the same would show here, and what a chain trusts we refuse only for its form.</summary>
    [Fact]
    public void IsIssuedBy_Mutants_NeverTrustsWhatTheChainDoesNot()
    {
        using var device = _tenant.Issue(PeerRole.Device, "laptop-7");
        var root = _tenant.Authority.Root;
        var decoded = 0;
        for (var i = 0; i < Mutants; i++)
        {
            var isLeaf = i % 2 == 0;
            var mutant = DerShape.Instance.Mutate(isLeaf ? device.Certificate.RawData : root.RawData, FuzzRandom.ForInput(11, i));
            if (CertificateProfile.TryLoad(mutant, out var certificate) != Reason.None)
            {
                continue;
            }

            using (certificate)
            {
                decoded++;
                var issuer = isLeaf ? root : certificate!;
                var isTrusted = isLeaf
                    ? CertificateProfile.Verify(certificate!, root, PeerRole.Device, TestAuthority.Epoch, out _) == Reason.None
                    : CertificateProfile.IsRoot(certificate!);
                Assert.True(!isTrusted || ChainOracle.IsIssuedBy(certificate!, issuer), $"mutant {i}: {Convert.ToHexString(mutant)}");
                Assert.True(!isTrusted || certificate!.RawDataMemory.Span.SequenceEqual(isLeaf ? device.Certificate.RawData : root.RawData), $"mutant {i} is trusted: {Convert.ToHexString(mutant)}");
            }
        }

        Assert.InRange(decoded, Mutants / 10, Mutants);
    }

    [Theory]
    [InlineData("2.5.29.30", true, Reason.CertificateMalformed)] // name constraints: critical (RFC 5280 §4.2.1.10), and nobody here applies them
    [InlineData("1.3.6.1.4.1.99999.1", true, Reason.CertificateMalformed)]
    [InlineData("1.3.6.1.4.1.99999.1", false, Reason.None)]
    public void ReadIdentity_ExtensionOfOthers_IsRefusedWhenCritical(string oid, bool isCritical, Reason expected)
    {
        using var certificate = Signed(request => request.CertificateExtensions.Add(new X509Extension(oid, [0x30, 0x00], isCritical)), HashAlgorithmName.SHA256);
        Assert.Equal(expected, CertificateProfile.Verify(certificate, _tenant.Authority.Root, PeerRole.Device, TestAuthority.Epoch, out _));
    }

    [Theory]
    [InlineData("SHA256", Reason.None)]
    [InlineData("SHA384", Reason.None)]
    [InlineData("SHA512", Reason.CertificateUntrusted)]
    public void Verify_HashOfTheSignature_IsSha256OrSha384(string hash, Reason expected)
    {
        using var certificate = Signed(static _ => { }, new HashAlgorithmName(hash));
        Assert.Equal(expected, CertificateProfile.Verify(certificate, _tenant.Authority.Root, PeerRole.Device, TestAuthority.Epoch, out _));
    }

    private X509Certificate2 Signed(Action<CertificateRequest> change, HashAlgorithmName hash)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rootKey = PrivateKeyPem.Load(_tenant.Authority.ExportKeyPem());
        var request = new CertificateRequest("CN=x", key, hash);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(CertificateUsage.For(PeerRole.Device), false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri($"uem://{_tenant.Id}/device/laptop-7"));
        request.CertificateExtensions.Add(names.Build());
        change(request);
        return request.Create(
            _tenant.Authority.Root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), TestAuthority.Epoch.AddMinutes(-5), TestAuthority.Epoch.AddDays(1), [1, 2, 3]);
    }
}
