using System.Security.Cryptography;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo;

/// <summary>Edges joining and linking over real TLS.</summary>
public sealed class JoinTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private SiloUnderTest _silo = null!;

    public async Task InitializeAsync() => _silo = await SiloUnderTest.StartAsync(_time);

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task Join_GoodToken_GivesACertificateThatLinks()
    {
        await using var edge = await _silo.LinkAsync("edge-1");
        Assert.Equal(new PeerIdentity(_silo.Ready.Installation, PeerRole.Edge, "edge-1"), edge.Credentials.Identity);
        Assert.Equal(1, (await _silo.Admin.GetStatusAsync()).EdgeLinks);
    }

    [Fact]
    public async Task Join_SameRequestAgain_GetsTheSameCertificate()
    {
        var token = await _silo.EdgeTokenAsync("edge-1");
        var csr = SigningRequest.Create(_key);
        var first = await _silo.JoinAsync(token, "edge-1", _key, csr: csr);
        var second = await _silo.JoinAsync(token, "edge-1", _key, csr: csr);
        Assert.Equal(Reason.None, (Reason)second.Answer.Reason);
        Assert.Equal(first.Answer.Certificate, second.Answer.Certificate);
    }

    [Fact]
    public async Task Join_TokenUsedUp_IsRefusedToAnotherKey()
    {
        var token = await _silo.EdgeTokenAsync("edge-1");
        await _silo.JoinAsync(token, "edge-1", _key);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(Reason.UnknownInvitation, (Reason)(await _silo.JoinAsync(token, "edge-1", other)).Answer.Reason);
    }

    [Fact]
    public async Task Join_WrongSecretFiveTimes_VoidsTheToken()
    {
        var token = await _silo.EdgeTokenAsync("edge-1");
        var wrong = new byte[EnrolmentSecret.SecretBytes];
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            var refused = (Reason)(await _silo.JoinAsync(token, "edge-1", _key, wrong)).Answer.Reason;
            Assert.True(refused is Reason.UnknownInvitation or Reason.TooManyAttempts, $"attempt {attempt}: {refused}");
        }

        Assert.Equal(Reason.TooManyAttempts, (Reason)(await _silo.JoinAsync(token, "edge-1", _key)).Answer.Reason);
    }

    [Fact]
    public async Task Join_ExpiredToken_IsRefused()
    {
        var token = await _silo.EdgeTokenAsync("edge-1", lifetimeMinutes: 1);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(Reason.InvitationExpired, (Reason)(await _silo.JoinAsync(token, "edge-1", _key)).Answer.Reason);
    }

    [Fact]
    public async Task Join_TokenForAnotherEdge_IsRefused()
    {
        var token = await _silo.EdgeTokenAsync("edge-1");
        Assert.Equal(Reason.NotPermitted, (Reason)(await _silo.JoinAsync(token, "edge-2", _key)).Answer.Reason);
    }

    [Fact]
    public async Task Join_TenantInvitation_IsRefused()
    {
        var invitation = await _silo.InviteAsync();
        Assert.Equal(Reason.UnknownInvitation, (Reason)(await _silo.JoinAsync(invitation, "edge-1", _key)).Answer.Reason);
    }

    [Fact]
    public async Task Join_MadeUpToken_IsRefused()
    {
        var token = await _silo.EdgeTokenAsync("edge-1") with { Id = System.Buffers.Text.Base64Url.EncodeToString(EnrolmentSecret.NewRandom()) };
        Assert.Equal(Reason.UnknownInvitation, (Reason)(await _silo.JoinAsync(token, "edge-1", _key)).Answer.Reason);
    }

    [Fact]
    public async Task Join_GarbageRequest_IsBadRequest()
    {
        var token = await _silo.EdgeTokenAsync("edge-1");
        Assert.Equal(Reason.BadRequest, (Reason)(await _silo.JoinAsync(token, "edge-1", _key, csr: [1, 2, 3])).Answer.Reason);
    }

    [Fact]
    public async Task Join_NameTakenByAnotherKey_IsRefusedUntilTheEdgeIsRemoved()
    {
        await _silo.JoinAsync(await _silo.EdgeTokenAsync("edge-1"), "edge-1", _key);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(
            Reason.AlreadyRegistered, (Reason)(await _silo.JoinAsync(await _silo.EdgeTokenAsync("edge-1"), "edge-1", other)).Answer.Reason);
        await _silo.Admin.RemoveEdgeAsync("edge-1");
        Assert.Equal(Reason.None, (Reason)(await _silo.JoinAsync(await _silo.EdgeTokenAsync("edge-1"), "edge-1", other)).Answer.Reason);
    }

    [Fact]
    public async Task Link_RemovedEdge_IsDroppedAndCannotLinkAgain()
    {
        await using var edge = await _silo.LinkAsync("edge-1");
        Assert.Equal(1, (await _silo.Admin.RemoveEdgeAsync("edge-1")).LinksEnded);
        var end = await edge.Run.WithinAsync("the link of the removed edge ends");
        Assert.Equal(Reason.CertificateRevoked, end.Reason);
        await using var again = await EdgeDouble.DialAsync(_silo, edge.Credentials);
        Assert.Equal(Reason.CertificateRevoked, (Reason)(await again.StartAsync()).Reason);
    }

    [Fact]
    public async Task Link_CertificateOfAKeyThatWasReplaced_IsRefused()
    {
        await using var old = await _silo.LinkAsync("edge-1");
        await _silo.Admin.RemoveEdgeAsync("edge-1");
        await using var replacement = await _silo.LinkAsync("edge-1");
        await using var again = await EdgeDouble.DialAsync(_silo, old.Credentials);
        Assert.Equal(Reason.CertificateRevoked, (Reason)(await again.StartAsync()).Reason);
    }

    [Theory]
    [InlineData(PeerRole.Device)]
    [InlineData(PeerRole.Node)]
    [InlineData(PeerRole.Edge)]
    public async Task Link_CertificateOfATenantsRoot_IsRefused(PeerRole role)
    {
        using var tenant = new TestAuthority(now: _time.GetUtcNow());
        var link = await _silo.JoinAsync(await _silo.EdgeTokenAsync("edge-1"), "edge-1", _key);
        await using var edge = await EdgeDouble.DialAsync(_silo, tenant.Issue(role, "edge-1"), link.Credentials);
        Assert.Equal(Reason.CertificateUntrusted, (Reason)(await edge.StartAsync()).Reason);
    }

    [Fact]
    public async Task Link_WithoutACertificate_IsRefused()
    {
        var tls = await _silo.DialAsync(Alpn.Control, null, null);
        var frames = new RecordingFrames();
        using var connection = new OrleansUem.Transport.FrameConnection(
            tls.Stream, new OrleansUem.Transport.FrameConnectionOptions(), _time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var end = await connection.RunAsync(frames, CancellationToken.None).WithinAsync("the silo closes");
        Assert.Equal(Reason.CertificateMissing, end.Reason);
        Assert.False(frames.TryNext(out _));
    }

    [Fact]
    public async Task Link_ExpiredEdgeCertificate_IsRefused()
    {
        await using var edge = await _silo.LinkAsync("edge-1");
        await edge.CloseAsync();
        await _silo.StopAsync();
        _time.Advance(TimeSpan.FromDays(400));
        await using var later = await SiloUnderTest.StartAsync(_time, _silo.Directory);
        await using var again = await EdgeDouble.DialAsync(later, edge.Credentials);
        Assert.Equal(Reason.CertificateExpired, (Reason)(await again.StartAsync()).Reason);
    }
}
