using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Protocol.Identity;

public sealed class AttachClaimsTests : IDisposable
{
    private static readonly EdgeId Edge = EdgeId.Parse("edge-1");
    private readonly TestAuthority _tenant = new("Tenant");
    private readonly PeerCredentials _device;

    public AttachClaimsTests() => _device = _tenant.Issue(PeerRole.Device, "laptop-7");

    public void Dispose()
    {
        _device.Dispose();
        _tenant.Dispose();
    }

    [Fact]
    public void Verify_OwnClaim_IsAccepted()
    {
        Assert.Equal(Reason.None, Verify(Create(), Edge, TestAuthority.Epoch));
    }

    [Fact]
    public void Verify_ClaimForAnotherEdge_IsRefused()
    {
        Assert.Equal(Reason.WrongEdge, Verify(Create(), EdgeId.Parse("edge-2"), TestAuthority.Epoch));
    }

    [Theory]
    [InlineData(-301, Reason.ClockSkew)]
    [InlineData(-300, Reason.None)]
    [InlineData(300, Reason.None)]
    [InlineData(301, Reason.ClockSkew)]
    public void Verify_ClockAtTheBound_IsJudged(int seconds, Reason expected)
    {
        Assert.Equal(expected, Verify(Create(), Edge, TestAuthority.Epoch.AddSeconds(seconds)));
    }

    /// <summary>A stolen edge knows the certificate but not the key.</summary>
    [Fact]
    public void Verify_SignedByAnotherKey_IsRefused()
    {
        using var other = _tenant.Issue(PeerRole.Device, "laptop-8");
        var attach = AttachClaims.Create(other, new byte[16], Edge, 1, TestAuthority.Epoch, "test/1");
        attach.Certificate = ByteString.CopyFrom(_device.Certificate.RawData);
        Assert.Equal(Reason.BadSignature, Verify(attach, Edge, TestAuthority.Epoch));
    }

    /// <summary>A device signs a claim that names another device.</summary>
    [Fact]
    public void Verify_ClaimOfAnotherName_IsRefused()
    {
        var attach = Create();
        var claim = AttachClaim.Parser.ParseFrom(attach.Claim);
        claim.Identity = new PeerIdentity(_tenant.Id, PeerRole.Device, "laptop-8").ToString();
        attach.Claim = claim.ToByteString();
        using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(_device.Certificate)!;
        attach.Signature = ByteString.CopyFrom(SignedText.Sign(key, SignedText.Attach, attach.Claim.Span));
        Assert.Equal(Reason.CertificateWrongName, Verify(attach, Edge, TestAuthority.Epoch));
    }

    [Fact]
    public void Verify_ClaimChangedAfterSigning_IsRefused()
    {
        var attach = Create();
        var claim = AttachClaim.Parser.ParseFrom(attach.Claim);
        claim.Generation++;
        attach.Claim = claim.ToByteString();
        Assert.Equal(Reason.BadSignature, Verify(attach, Edge, TestAuthority.Epoch));
    }

    /// <summary>The signature of a registration is no signature of an attach.</summary>
    [Fact]
    public void Verify_SignatureMadeForAnotherPurpose_IsRefused()
    {
        var attach = Create();
        using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(_device.Certificate)!;
        attach.Signature = ByteString.CopyFrom(SignedText.Sign(key, SignedText.Register, attach.Claim.Span));
        Assert.Equal(Reason.BadSignature, Verify(attach, Edge, TestAuthority.Epoch));
    }

    [Fact]
    public void Verify_AnotherTenantsRoot_IsUntrusted()
    {
        using var other = new TestAuthority("Other");
        var reason = AttachClaims.Verify(
            Create(), other.Authority.Root, Edge, TestAuthority.Epoch, out _, out _, out var certificate);
        Assert.Equal(Reason.CertificateUntrusted, reason);
        Assert.Null(certificate);
    }

    [Fact]
    public void Verify_VersionOutOfRange_IsRefused()
    {
        var attach = Create();
        attach.Version = ProtocolVersion.Current + 1;
        Assert.Equal(Reason.UnsupportedVersion, Verify(attach, Edge, TestAuthority.Epoch));
    }

    private Attach Create() => AttachClaims.Create(_device, new byte[16], Edge, 1, TestAuthority.Epoch, "test/1");

    private Reason Verify(Attach attach, EdgeId edge, DateTimeOffset now)
    {
        var reason = AttachClaims.Verify(attach, _tenant.Authority.Root, edge, now, out _, out var identity, out var certificate);
        certificate?.Dispose();
        if (reason == Reason.None)
        {
            Assert.Equal(_device.Identity, identity);
        }

        return reason;
    }
}
