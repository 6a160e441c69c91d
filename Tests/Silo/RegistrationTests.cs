using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo;

public sealed class RegistrationTests : IAsyncLifetime, IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private SiloUnderTest _silo = null!;
    private EdgeDouble _edge = null!;
    private TestAuthority _tenant = null!;

    public async Task InitializeAsync()
    {
        _silo = await SiloUnderTest.StartAsync(_time);
        _edge = await _silo.LinkAsync();
        _tenant = new TestAuthority(now: _time.GetUtcNow());
    }

    public async Task DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _silo.DisposeAsync();
    }

    public void Dispose() => _tenant.Dispose();

    [Fact]
    public async Task Register_GoodInvitation_GivesATagThatTheSecretVouchesFor()
    {
        var invitation = await _silo.InviteAsync();
        var registered = await _edge.RegisterAsync(invitation, _tenant.Authority);
        Assert.Equal(Reason.None, (Reason)registered.Reason);
        var requestMac = EnrolmentMacs.InvitationRequest(
            invitation.Secret.Span, invitation.Installation, invitation.Id, _tenant.Authority.Root.RawData);
        Assert.Equal(
            EnrolmentMacs.InvitationAnswer(invitation.Secret.Span, requestMac, registered.TenantTag.Span), registered.Mac.ToByteArray());

        var bundle = await _edge.RequestAsync(new ControlRequest
        {
            TenantBundle = new TenantBundleRequest { TenantId = _tenant.Id.Text, TenantTag = registered.TenantTag },
        });
        Assert.Equal(_tenant.Authority.Root.RawData, Assert.Single(bundle.TenantBundle.Roots).ToByteArray());
        Assert.Equal(registered, await _edge.RegisterAsync(invitation, _tenant.Authority));
    }

    [Fact]
    public async Task Register_WrongSecretFiveTimes_VoidsTheInvitation()
    {
        var invitation = await _silo.InviteAsync();
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var refused = (Reason)(await _edge.RegisterAsync(invitation, _tenant.Authority, new byte[16])).Reason;
            Assert.True(refused is Reason.UnknownInvitation or Reason.TooManyAttempts, $"attempt {attempt}: {refused}");
        }

        Assert.Equal(Reason.TooManyAttempts, (Reason)(await _edge.RegisterAsync(invitation, _tenant.Authority)).Reason);
    }

    [Fact]
    public async Task Register_Expired_IsRefused()
    {
        var invitation = await _silo.InviteAsync(lifetimeMinutes: 1);
        _time.Advance(TimeSpan.FromSeconds(61));

        // The clock jumped over the link's keep-alive.
        await using var later = await EdgeDouble.LinkAsync(_silo, _edge.Credentials);
        Assert.Equal(Reason.InvitationExpired, (Reason)(await later.RegisterAsync(invitation, _tenant.Authority)).Reason);
    }

    [Fact]
    public async Task Register_ProofOfAnotherKey_IsBadSignature()
    {
        var invitation = await _silo.InviteAsync();
        using var other = new TestAuthority(now: _time.GetUtcNow());
        var register = Request(invitation, _tenant.Authority);
        register.Proof = Request(invitation, other.Authority).Proof;
        Assert.Equal(Reason.BadSignature, (Reason)(await _edge.RegisterAsync(register)).Reason);
    }

    [Fact]
    public async Task Register_LeafInsteadOfARoot_IsRefused()
    {
        var invitation = await _silo.InviteAsync();
        using var node = _tenant.Issue(OrleansUem.Protocol.Ids.PeerRole.Node, "node-1");
        var register = Request(invitation, _tenant.Authority);
        register.Root = ByteString.CopyFrom(node.Certificate.RawData);
        Assert.Equal(Reason.CertificateMalformed, (Reason)(await _edge.RegisterAsync(register)).Reason);
    }

    [Fact]
    public async Task Register_MadeUpInvitation_IsUnknown()
    {
        var invitation = await _silo.InviteAsync() with { Id = System.Buffers.Text.Base64Url.EncodeToString(EnrolmentSecret.NewRandom()) };
        Assert.Equal(Reason.UnknownInvitation, (Reason)(await _edge.RegisterAsync(invitation, _tenant.Authority)).Reason);
    }

    [Fact]
    public async Task Register_ThenRestart_TheTenantIsThere()
    {
        var registered = await _edge.RegisterAsync(await _silo.InviteAsync(), _tenant.Authority);
        await _edge.CloseAsync();
        await _silo.StopAsync();
        await using var later = await SiloUnderTest.StartAsync(_time, _silo.Directory);
        await using var edge = await EdgeDouble.LinkAsync(later, _edge.Credentials);
        using var device = _tenant.Issue(OrleansUem.Protocol.Ids.PeerRole.Device, "peer-1");
        Assert.Equal(Reason.None, (Reason)(await edge.AttachAsync(device, registered.TenantTag.ToByteArray())).Reason);
        Assert.Equal("Acme", Assert.Single((await later.Admin.ListTenantsAsync()).Items).Name);
    }

    private static RegisterTenant Request(EnrolmentUri invitation, CertificateAuthority authority) => new()
    {
        InvitationId = invitation.Id,
        Root = ByteString.CopyFrom(authority.Root.RawData),
        Proof = ByteString.CopyFrom(authority.Sign(
            SignedText.Register, EnrolmentMacs.RegistrationContent(invitation.Installation, invitation.Id))),
        Mac = ByteString.CopyFrom(new byte[32]),
        Name = "Acme",
    };
}
