using System.Security.Cryptography;
using System.Text;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Protocol.Identity;

public sealed class EnrolmentTests
{
    private static readonly byte[] Secret = Convert.FromHexString("000102030405060708090A0B0C0D0E0F");

    [Theory]
    [InlineData(EnrolmentKind.Activate, "relay.example.org", 443, "laptop-7")]
    [InlineData(EnrolmentKind.Invite, "192.0.2.1", 3101, null)]
    [InlineData(EnrolmentKind.Join, "2001:db8::1", 3102, "edge-1")]
    public void Uri_TextForm_RoundTrips(EnrolmentKind kind, string host, int port, string? name)
    {
        var uri = Sample(kind) with { Host = host, Port = port, Name = name };
        Assert.True(EnrolmentUri.TryParse(uri.ToSecretText(), out var read, out var error), error);
        Assert.Equal(uri.ToSecretText(), read.ToSecretText());
        Assert.Equal(host, read.Host);
        Assert.Equal(Secret, read.Secret.ToArray());
        Assert.Equal(uri.Tenant, read.Tenant);
    }

    [Fact]
    public void Uri_ToString_LeavesTheSecretOut()
    {
        var uri = Sample(EnrolmentKind.Activate);
        Assert.Contains("AAECAwQFBgcICQoLDA0ODw", uri.ToSecretText(), StringComparison.Ordinal);
        Assert.DoesNotContain("AAECAwQFBgcICQoLDA0ODw", uri.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://x", "uem://")]
    [InlineData("uem://activate/host:443", "quotes")]
    [InlineData("uem://enter/host:443?i=1", "activate, invite, join")]
    [InlineData("uem://invite/host?i=1", "HOST:PORT")]
    [InlineData("uem://invite/host:0?i=1", "HOST:PORT")]
    [InlineData("uem://invite/host:443?i=1", "installation (i)")]
    [InlineData("uem://invite/host:443?i=0000000000000000000000000000000000000000000000000000000000000000&k=BBBBBBBBBBBBBBBBBBBBB=", "id (k)")]
    [InlineData("uem://invite/host:443?i=0000000000000000000000000000000000000000000000000000000000000000&k=BBBBBBBBBBBBBBBBBBBB++", "id (k)")]
    [InlineData("uem://invite/host:443?i=1&i=1", "twice")]
    public void Uri_Wrong_SaysWhat(string text, string part)
    {
        Assert.False(EnrolmentUri.TryParse(text, out _, out var error));
        Assert.Contains(part, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Uri_AnyCut_NeverThrowsAndNeverRepeatsTheSecret()
    {
        var text = Sample(EnrolmentKind.Activate).ToSecretText();
        for (var length = 0; length < text.Length; length++)
        {
            if (!EnrolmentUri.TryParse(text[..length], out _, out var error))
            {
                Assert.DoesNotContain("AAECAwQFBgcICQoLDA0ODw", error, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>The oracle computes HKDF and HMAC from their RFCs' definitions with another API.</summary>
    [Fact]
    public void RequestMac_AgainstTheDefinition_IsEqual()
    {
        var prk = HKDF.Extract(HashAlgorithmName.SHA256, Secret, []);
        var key = HKDF.Expand(HashAlgorithmName.SHA256, prk, 32, Encoding.ASCII.GetBytes("uem-join/1 request"));
        byte[] text = [0, 0, 0, 2, 0xAA, 0xBB, 0, 0, 0, 1, 0xCC];
        Assert.Equal(HMACSHA256.HashData(key, text), EnrolmentSecret.RequestMac(Secret, EnrolmentSecret.Join, [0xAA, 0xBB], [0xCC]));
    }

    [Fact]
    public void Mac_OtherCutOrDirectionOrExchange_Differs()
    {
        var mac = EnrolmentSecret.RequestMac(Secret, EnrolmentSecret.Join, [1, 2], [3]);
        Assert.False(EnrolmentSecret.Matches(mac, EnrolmentSecret.RequestMac(Secret, EnrolmentSecret.Join, [1], [2, 3])));
        Assert.False(EnrolmentSecret.Matches(mac, EnrolmentSecret.AnswerMac(Secret, EnrolmentSecret.Join, [1, 2], [3])));
        Assert.False(EnrolmentSecret.Matches(mac, EnrolmentSecret.RequestMac(Secret, EnrolmentSecret.Activation, [1, 2], [3])));
    }

    [Fact]
    public void SigningRequest_Tampered_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = SigningRequest.Create(key);
        Assert.Equal(Reason.None, SigningRequest.TryRead(request, out _));
        for (var i = 0; i < request.Length; i++)
        {
            var tampered = request.ToArray();
            tampered[i] ^= 0x01;
            Assert.True(Reason.BadRequest == SigningRequest.TryRead(tampered, out _), $"offset {i}");
        }
    }

    [Fact]
    public void TenantTag_OtherTenantOrKey_DoesNotFit()
    {
        using var one = new TestAuthority("One");
        using var two = new TestAuthority("Two");
        var key = new byte[TenantTags.KeyBytes];
        var tag = TenantTags.Create(key, one.Id);
        Assert.True(TenantTags.Verify(key, one.Id, tag));
        Assert.False(TenantTags.Verify(key, two.Id, tag));
        Assert.False(TenantTags.Verify(key, one.Id, tag.AsSpan(1)));
        key[0] = 1;
        Assert.False(TenantTags.Verify(key, one.Id, tag));
    }

    private static EnrolmentUri Sample(EnrolmentKind kind) => new()
    {
        Kind = kind,
        Host = "relay.example.org",
        Port = 443,
        Installation = TenantId.Parse(new string('a', 64)),
        Id = "EBESExQVFhcYGRobHB0eHw",
        Secret = Secret,
        Tenant = kind == EnrolmentKind.Activate ? TenantId.Parse(new string('b', 64)) : null,
        TenantTag = kind == EnrolmentKind.Activate ? new byte[16] : default(ReadOnlyMemory<byte>),
    };
}
