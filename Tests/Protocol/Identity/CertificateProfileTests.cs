using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Protocol.Identity;

public sealed class CertificateProfileTests : IDisposable
{
    private readonly TestAuthority _tenant = new("Tenant");

    public void Dispose() => _tenant.Dispose();

    [Theory]
    [InlineData(PeerRole.Device)]
    [InlineData(PeerRole.Node)]
    [InlineData(PeerRole.Edge)]
    [InlineData(PeerRole.Silo)]
    public void Verify_OwnRole_IsAccepted(PeerRole role)
    {
        using var peer = _tenant.Issue(role, "laptop-7");
        Assert.Equal(Reason.None, Verify(peer.Certificate, role, out var identity));
        Assert.Equal(new PeerIdentity(_tenant.Id, role, "laptop-7"), identity);
        Assert.Equal($"uem://{_tenant.Id}/{role.ToString().ToLowerInvariant()}/laptop-7", identity.ToString());
    }

    [Fact]
    public void Verify_DevicePosingAsNode_IsRefused()
    {
        using var device = _tenant.Issue(PeerRole.Device, "laptop-7");
        Assert.Equal(Reason.CertificateWrongRole, Verify(device.Certificate, PeerRole.Node, out _));
    }

    [Fact]
    public void Verify_AnotherTenantsRoot_IsUntrusted()
    {
        using var other = new TestAuthority("Other");
        using var device = other.Issue(PeerRole.Device, "laptop-7");
        Assert.Equal(Reason.CertificateUntrusted, Verify(device.Certificate, PeerRole.Device, out _));
    }

    /// <summary>Another tenant's root signs a certificate whose URI names this tenant.</summary>
    [Fact]
    public void Verify_ForeignRootClaimingThisTenant_IsUntrusted()
    {
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var forged = Forge(otherKey, _tenant.Authority.Root.SubjectName, [$"uem://{_tenant.Id}/device/laptop-7"], CertificateUsage.For(PeerRole.Device));
        Assert.Equal(Reason.None, CertificateProfile.ReadIdentity(forged, out _));
        Assert.Equal(Reason.CertificateUntrusted, Verify(forged, PeerRole.Device, out _));
    }

    [Theory]
    [InlineData(-11, Reason.CertificateNotYetValid)]
    [InlineData(-9, Reason.None)]
    [InlineData(60, Reason.None)]
    [InlineData(61, Reason.CertificateExpired)]
    public void Verify_AtTheBoundsOfValidity_TellsWhichOne(int minutes, Reason expected)
    {
        using var device = _tenant.Issue(PeerRole.Device, "laptop-7", TimeSpan.FromMinutes(60));
        var now = TestAuthority.Epoch.AddMinutes(minutes).AddSeconds(expected == Reason.CertificateExpired ? 1 : 0);
        Assert.Equal(expected, CertificateProfile.Verify(device.Certificate, _tenant.Authority.Root, PeerRole.Device, now, out _));
    }

    [Theory]
    [InlineData("https://example.org/device/laptop-7")]
    [InlineData("uem://ROOT/device/Laptop-7")]
    [InlineData("uem://ROOT/admin/laptop-7")]
    [InlineData("uem://ROOT/device/laptop-7/x")]
    [InlineData("uem://ROOT/device/")]
    [InlineData("uem://ROOT/node/laptop-7")]
    public void ReadIdentity_WrongUri_IsMalformed(string uri)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        uri = uri.Replace("ROOT", _tenant.Id.Text, StringComparison.Ordinal);
        using var certificate = Forge(key, new X500DistinguishedName("CN=x"), [uri], CertificateUsage.For(PeerRole.Device));
        Assert.Equal(Reason.CertificateMalformed, CertificateProfile.ReadIdentity(certificate, out _));
    }

    [Fact]
    public void ReadIdentity_TwoUris_IsMalformed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var uri = $"uem://{_tenant.Id}/device/laptop-7";
        using var certificate = Forge(key, new X500DistinguishedName("CN=x"), [uri, uri + "2"], CertificateUsage.For(PeerRole.Device));
        Assert.Equal(Reason.CertificateMalformed, CertificateProfile.ReadIdentity(certificate, out _));
    }

    [Fact]
    public void ReadIdentity_UsagesOfTwoRoles_IsMalformed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        OidCollection usages = [new Oid(CertificateUsage.Device), new Oid(CertificateUsage.Node)];
        using var certificate = Forge(key, new X500DistinguishedName("CN=x"), [$"uem://{_tenant.Id}/device/laptop-7"], usages);
        Assert.Equal(Reason.CertificateMalformed, CertificateProfile.ReadIdentity(certificate, out _));
    }

    [Fact]
    public void ReadIdentity_RsaKey_IsMalformed()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TestAuthority.Epoch, TestAuthority.Epoch.AddDays(1));
        Assert.Equal(Reason.CertificateMalformed, CertificateProfile.ReadIdentity(certificate, out _));
    }

    [Fact]
    public void IsRoot_TellsRootsFromLeaves()
    {
        using var device = _tenant.Issue(PeerRole.Device, "laptop-7");
        Assert.True(CertificateProfile.IsRoot(_tenant.Authority.Root));
        Assert.False(CertificateProfile.IsRoot(device.Certificate));
    }

    /// <summary>A leaf is no issuer: what it signs is not trusted, although its chain would end in the root.</summary>
    [Fact]
    public void Verify_IssuedByALeaf_IsUntrusted()
    {
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SigningRequest.TryRead(SigningRequest.Create(leafKey), out var publicKey);
        using var leaf = _tenant.Authority.Issue(publicKey!, PeerRole.Device, "laptop-7", TestAuthority.Epoch, TimeSpan.FromDays(1));
        using var forged = Forge(leafKey, leaf.SubjectName, [$"uem://{_tenant.Id}/device/laptop-8"], CertificateUsage.For(PeerRole.Device));
        Assert.Equal(Reason.CertificateUntrusted, Verify(forged, PeerRole.Device, out _));
    }

    [Fact]
    public void IsRoot_CurveThatIsNoName_IsFalse()
    {
        byte[] curve = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
        var der = _tenant.Authority.Root.RawData;
        der[der.AsSpan().IndexOf(curve)] = 0x04; // OCTET STRING
        Assert.Equal(Reason.None, CertificateProfile.TryLoad(der, out var root));
        using (root)
        {
            Assert.False(CertificateProfile.IsRoot(root!));
        }
    }

    /// <summary>The key is the tenant's, the signature was made over other bytes: nobody who lacks the key may change what a root says.</summary>
    [Fact]
    public void IsRoot_ChangedAfterItWasSigned_IsFalse()
    {
        var der = _tenant.Authority.Root.RawData;
        var year = der.AsSpan().IndexOf("3605"u8); // notAfter
        der[year] = (byte)'4';
        Assert.Equal(Reason.None, CertificateProfile.TryLoad(der, out var root));
        using (root)
        {
            Assert.Equal(_tenant.Id, TenantId.FromRoot(root!));
            Assert.False(CertificateProfile.IsRoot(root!));
        }
    }

    [Fact]
    public void TryLoad_DateThatDoesNotDecode_IsMalformed()
    {
        var der = _tenant.Authority.Root.RawData;
        der[der.AsSpan().IndexOf("3605"u8)] = (byte)'Z';
        Assert.Equal(Reason.CertificateMalformed, CertificateProfile.TryLoad(der, out var root));
        Assert.Null(root);
    }

    private Reason Verify(X509Certificate2 certificate, PeerRole role, out PeerIdentity identity) =>
        CertificateProfile.Verify(certificate, _tenant.Authority.Root, role, TestAuthority.Epoch, out identity);

    private static X509Certificate2 Forge(ECDsa signer, X500DistinguishedName issuer, string[] uris, OidCollection usages)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=forged", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var uri in uris)
        {
            names.AddUri(new Uri(uri));
        }

        request.CertificateExtensions.Add(names.Build());
        return request.Create(
            issuer, X509SignatureGenerator.CreateForECDsa(signer), TestAuthority.Epoch.AddMinutes(-5), TestAuthority.Epoch.AddDays(1), [1, 2, 3]);
    }
}
