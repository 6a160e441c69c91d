using System.Security.Cryptography;
using OrleansUem.Protocol.Identity;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Protocol.Identity;

public sealed class PrivateKeyPemTests
{
    [Fact]
    public void Load_OwnKey_IsThatKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var loaded = PrivateKeyPem.Load(key.ExportPkcs8PrivateKeyPem());
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), loaded.ExportSubjectPublicKeyInfo());
    }

    [Theory]
    [InlineData("")]
    [InlineData("no key")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\nMAMCAQE=\n-----END EC PRIVATE KEY-----\n")]
    public void Load_NoKey_ThrowsCryptographicException(string pem) => Assert.Throws<CryptographicException>(() => PrivateKeyPem.Load(pem));

    [Fact]
    public void Load_TwoKeysOrAnotherKind_ThrowsCryptographicException()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var small = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using var rsa = RSA.Create(2_048);
        var pem = ec.ExportPkcs8PrivateKeyPem();
        Assert.Throws<CryptographicException>(() => PrivateKeyPem.Load(pem + "\n" + pem));
        Assert.Throws<CryptographicException>(() => PrivateKeyPem.Load(small.ExportPkcs8PrivateKeyPem()));
        Assert.Throws<CryptographicException>(() => PrivateKeyPem.Load(rsa.ExportPkcs8PrivateKeyPem()));
    }

    [Fact]
    public void Create_KeyOfAnotherCertificate_ThrowsCryptographicException()
    {
        using var authority = new TestAuthority();
        using var credentials = authority.Issue(OrleansUem.Protocol.Ids.PeerRole.Device, "laptop-7");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Throws<CryptographicException>(() => PeerCredentials.Create(credentials.Certificate, other, authority.Authority.Root));
    }
}
