using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo;

/// <summary>What a hostile edge, device or stranger can try with ATTACH, against a whole silo.</summary>
public sealed class AttachTests : IAsyncLifetime, IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private SiloUnderTest _silo = null!;
    private EdgeDouble _edge = null!;
    private TestAuthority _tenant = null!;
    private byte[] _tag = null!;

    public async Task InitializeAsync()
    {
        _silo = await SiloUnderTest.StartAsync(_time);
        _edge = await _silo.LinkAsync("edge-1");
        _tenant = new TestAuthority(now: _time.GetUtcNow());
        var registered = await _edge.RegisterAsync(await _silo.InviteAsync(), _tenant.Authority);
        Assert.Equal(Reason.None, (Reason)registered.Reason);
        _tag = registered.TenantTag.ToByteArray();
    }

    public async Task DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _silo.DisposeAsync();
    }

    public void Dispose() => _tenant.Dispose();

    [Theory]
    [InlineData(PeerRole.Device)]
    [InlineData(PeerRole.Node)]
    public async Task Attach_GoodPeer_IsAttached(PeerRole role)
    {
        using var peer = _tenant.Issue(role, "peer-1");
        var answer = await _edge.AttachAsync(peer, _tag, 7);
        Assert.Equal(Reason.None, (Reason)answer.Reason);
        Assert.Equal(peer.Identity.ToString(), answer.Attached.Identity);
        Assert.Equal(7ul, answer.Attached.Generation);
    }

    [Fact]
    public async Task Attach_AnotherTenantsRoot_IsUntrusted()
    {
        // The root of a stranger, in a certificate that names this tenant.
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        using var stranger = new TestAuthority(now: _time.GetUtcNow());
        using var forged = stranger.Issue(PeerRole.Device, "peer-1");
        var attach = AttachClaims.Create(device, _tag, _edge.Edge, 1, _time.GetUtcNow(), "");
        attach.Certificate = ByteString.CopyFrom(forged.Certificate.RawData);
        Assert.Equal(Reason.UnknownTenant, (Reason)(await _edge.AttachAsync(attach)).Reason);
    }

    [Fact]
    public async Task Attach_TenantWithoutATag_TouchesNoGrain()
    {
        using var stranger = new TestAuthority(now: _time.GetUtcNow());
        using var device = stranger.Issue(PeerRole.Device, "peer-1");
        var before = (await _silo.Admin.GetStatusAsync()).TenantLookups;
        foreach (var tag in new[] { _tag, new byte[TenantTags.TagBytes], [] })
        {
            Assert.Equal(Reason.UnknownTenant, (Reason)(await _edge.AttachAsync(device, tag)).Reason);
            var bundle = await _edge.RequestAsync(new ControlRequest
            {
                TenantBundle = new TenantBundleRequest { TenantId = stranger.Id.Text, TenantTag = ByteString.CopyFrom(tag) },
            });
            Assert.Equal(Reason.UnknownTenant, (Reason)bundle.Reason);
            var enrol = new Enrol
            {
                TenantId = stranger.Id.Text,
                TenantTag = ByteString.CopyFrom(tag),
                ActivationId = new string('A', 22),
            };
            var enrolled = await _edge.RequestAsync(new ControlRequest { Enrol = new EnrolDevice { Enrol = enrol.ToByteString() } });
            Assert.Equal(Reason.UnknownTenant, (Reason)enrolled.Reason);
        }

        Assert.Equal(before, (await _silo.Admin.GetStatusAsync()).TenantLookups);
    }

    [Fact]
    public async Task Attach_DeviceSignsForANode_IsWrongName()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        var claim = new AttachClaim
        {
            Identity = new PeerIdentity(_tenant.Id, PeerRole.Node, "peer-1").ToString(),
            EdgeId = _edge.Edge.Text,
            TimeUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            Generation = 1,
        };
        Assert.Equal(Reason.CertificateWrongName, (Reason)(await _edge.AttachAsync(Sign(device, claim))).Reason);
    }

    [Fact]
    public async Task Attach_AsAnotherDevice_IsWrongName()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        var claim = new AttachClaim
        {
            Identity = new PeerIdentity(_tenant.Id, PeerRole.Device, "peer-2").ToString(),
            EdgeId = _edge.Edge.Text,
            TimeUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            Generation = 1,
        };
        Assert.Equal(Reason.CertificateWrongName, (Reason)(await _edge.AttachAsync(Sign(device, claim))).Reason);
    }

    [Theory]
    [InlineData(PeerRole.Edge)]
    [InlineData(PeerRole.Silo)]
    public async Task Attach_OtherRoles_AreWrongRole(PeerRole role)
    {
        using var peer = _tenant.Issue(role, "peer-1");
        Assert.Equal(Reason.CertificateWrongRole, (Reason)(await _edge.AttachAsync(peer, _tag)).Reason);
    }

    [Fact]
    public async Task Attach_ExpiredCertificate_IsExpired()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1", TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromSeconds(61));

        // The clock jumped over the link's keep-alive.
        await using var later = await EdgeDouble.LinkAsync(_silo, _edge.Credentials);
        Assert.Equal(Reason.CertificateExpired, (Reason)(await later.AttachAsync(device, _tag)).Reason);
    }

    [Fact]
    public async Task Attach_EdgeWithoutTheDevicesKey_IsBadSignature()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        using var accomplice = _tenant.Issue(PeerRole.Device, "peer-2");
        var attach = AttachClaims.Create(accomplice, _tag, _edge.Edge, 1, _time.GetUtcNow(), "");
        attach.Certificate = ByteString.CopyFrom(device.Certificate.RawData);
        Assert.Equal(Reason.BadSignature, (Reason)(await _edge.AttachAsync(attach)).Reason);
    }

    [Fact]
    public async Task Attach_SignedForAnotherEdge_IsWrongEdge()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        await using var thief = await _silo.LinkAsync("edge-2");
        var attach = AttachClaims.Create(device, _tag, _edge.Edge, 1, _time.GetUtcNow(), "");
        Assert.Equal(Reason.WrongEdge, (Reason)(await thief.AttachAsync(attach)).Reason);
    }

    [Theory]
    [InlineData(301, Reason.ClockSkew)]
    [InlineData(-301, Reason.ClockSkew)]
    [InlineData(299, Reason.None)]
    [InlineData(-299, Reason.None)]
    public async Task Attach_ClockOff_IsJudgedAtFiveMinutes(int seconds, Reason expected)
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        var attach = AttachClaims.Create(device, _tag, _edge.Edge, 1, _time.GetUtcNow().AddSeconds(seconds), "");
        var answer = await _edge.AttachAsync(attach);
        Assert.Equal(expected, (Reason)answer.Reason);
        Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds(), answer.Attached.ServerTimeUnixMs);
    }

    [Fact]
    public async Task Attach_ReplayedInAnotherSession_IsStaleGeneration()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        var attach = AttachClaims.Create(device, _tag, _edge.Edge, 9, _time.GetUtcNow(), "");
        Assert.Equal(Reason.None, (Reason)(await _edge.AttachAsync(attach, 1)).Reason);
        var replay = await _edge.AttachAsync(attach, 2);
        Assert.Equal(Reason.StaleGeneration, (Reason)replay.Reason);
        Assert.Equal(9ul, replay.Attached.LastGeneration);
    }

    [Fact]
    public async Task Open_ForADeviceThatIsOnAnotherEdge_IsNotAttached()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        await _edge.AttachAsync(device, _tag, 3);
        await using var thief = await _silo.LinkAsync("edge-2");
        var answer = await thief.RequestAsync(new ControlRequest
        {
            OpenTunnel = new OpenTunnel
            {
                Identity = device.Identity.ToString(),
                SessionId = 1,
                Generation = 3,
                Channel = Channel.Create(1, 0).Value,
                RequestId = 1,
            },
        });
        Assert.Equal(Reason.NotAttached, (Reason)answer.Reason);
    }

    [Fact]
    public async Task Open_NoNode_SaysSo()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        await _edge.AttachAsync(device, _tag, 3);
        var answer = await _edge.RequestAsync(new ControlRequest
        {
            OpenTunnel = new OpenTunnel
            {
                Identity = device.Identity.ToString(),
                SessionId = 1,
                Generation = 3,
                Channel = Channel.Create(1, 0).Value,
                RequestId = 1,
            },
        });
        Assert.Equal(Reason.NoNode, (Reason)answer.Reason);
    }

    [Fact]
    public async Task Leases_OfUnknownTenants_AreMetered()
    {
        var random = new Random(5);
        var before = (await _silo.Admin.GetStatusAsync()).TenantLookups;
        for (var batch = 0; batch < 8; batch++)
        {
            var renew = new RenewLeases();
            for (var i = 0; i < 100; i++)
            {
                var id = new byte[32];
                random.NextBytes(id);
                renew.Leases.Add(new LeaseReport { LeaseId = Convert.ToHexStringLower(id) + "/d/1" });
            }

            var answer = await _edge.RequestAsync(new ControlRequest { RenewLeases = renew });
            Assert.All(answer.LeasesRenewed.Leases, renewal => Assert.NotEqual(0u, renewal.Reason));
        }

        // 800 made-up tenants on a clock that stands still: the bucket of the link and no more.
        Assert.Equal(before + 256, (await _silo.Admin.GetStatusAsync()).TenantLookups);
    }

    [Fact]
    public async Task Cut_BlockedDevice_ReachesTheEdgeAndRefusesTheNextAttach()
    {
        using var device = _tenant.Issue(PeerRole.Device, "peer-1");
        await _edge.AttachAsync(device, _tag, 3);
        var outcome = await _silo.Admin.CutAsync(new(_tenant.Id.Text, Device: "peer-1"));
        Assert.Equal((1, 1), (outcome.EdgesTold, outcome.EdgesAcknowledged));
        var cut = Assert.Single(_edge.Asked, request => request.BodyCase == ControlRequest.BodyOneofCase.Cut).Cut;
        Assert.Equal((_tenant.Id.Text, "peer-1", outcome.Sequence), (cut.TenantId, cut.DeviceId, cut.Sequence));
        Assert.Equal(Reason.CertificateRevoked, (Reason)(await _edge.AttachAsync(device, _tag, 4)).Reason);
    }

    [Fact]
    public async Task LinkStart_CutsWhileAway_AreInLinkStartedOrFollowBeforeAnythingElse()
    {
        const int Cuts = 150;
        for (var i = 0; i < Cuts; i++)
        {
            using var attached = _tenant.Issue(PeerRole.Device, $"device-{i}");
            Assert.Equal(Reason.None, (Reason)(await _edge.AttachAsync(attached, _tag)).Reason);
        }

        await _edge.CloseAsync();
        for (var i = 0; i < Cuts; i++)
        {
            await _silo.Admin.CutAsync(new(_tenant.Id.Text, Device: $"device-{i}"));
        }

        await using var again = await EdgeDouble.DialAsync(_silo, _edge.Credentials);
        var started = (await again.StartAsync()).LinkStarted;
        Assert.False(started.Resync);
        using var device = _tenant.Issue(PeerRole.Device, "device-149");
        Assert.Equal(Reason.CertificateRevoked, (Reason)(await again.AttachAsync(device, _tag, 2)).Reason);
        var newest = started.Cuts[^1].Sequence;
        Assert.Equal(Enumerable.Range(1, started.Cuts.Count).Select(i => (ulong)i), started.Cuts.Select(cut => cut.Sequence));
        var rest = again.Asked.Select(request => request.Cut.Sequence).ToList();
        Assert.Equal(rest.Order(), rest);
        Assert.Equal(newest, started.LastCut);
    }

    private Attach Sign(PeerCredentials peer, AttachClaim claim)
    {
        using var key = peer.Certificate.GetECDsaPrivateKey()!;
        return new Attach
        {
            Version = ProtocolVersion.Current,
            TenantTag = ByteString.CopyFrom(_tag),
            Certificate = ByteString.CopyFrom(peer.Certificate.RawData),
            Claim = claim.ToByteString(),
            Signature = ByteString.CopyFrom(SignedText.Sign(key, SignedText.Attach, claim.ToByteArray())),
        };
    }
}
