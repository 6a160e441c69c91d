using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Agent.Identity;

/// <summary>A device enrols over real TLS; the edge in between is honest, absent or hostile.</summary>
public sealed class DeviceEnrolmentTests : IAsyncDisposable
{
    private readonly TestAuthority _installation = new("Installation");
    private readonly TestAuthority _tenant = new("Tenant");
    private readonly ImmediateBackOff _time = new(TestAuthority.Epoch);
    private readonly byte[] _secret = EnrolmentSecret.NewRandom();
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "uem-test-" + Guid.NewGuid().ToString("N"));
    private readonly ScriptedEdge _edge;
    private readonly List<byte[]> _csrs = [];

    public DeviceEnrolmentTests()
    {
        _edge = new ScriptedEdge(_installation, _time);
        _edge.OnFrame = (peer, type, _, payload) => Answer(peer, type, payload, static grant => grant);
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        _installation.Dispose();
        _tenant.Dispose();
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public async Task EnrolAsync_HonestRelay_StoresAnIdentityThatOpens()
    {
        var identity = await EnrolAsync();

        Assert.Equal(new PeerIdentity(_tenant.Id, PeerRole.Device, "phone-1"), identity);
        using var state = AgentState.Open(_directory, PeerRole.Device);
        Assert.Equal(identity, state.Identity);
        Assert.True(state.Enrolment.Credentials.Certificate.HasPrivateKey);
        Assert.Equal(_installation.Id, state.Enrolment.Installation);
        Assert.Equal([_edge.Address], state.Enrolment.Relays);
        Assert.Equal(Activation().TenantTag.ToArray(), state.Enrolment.TenantTag.ToArray());
        Assert.False(File.Exists(Path.Combine(_directory, "pending.json")));
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(_directory))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }

            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory));
        }
    }

    [Fact]
    public async Task EnrolAsync_AnswerLost_SendsTheSameRequestAgain()
    {
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            if (peer.Number == 1)
            {
                Remember(payload);
                peer.Close(new Close { Reason = (uint)Reason.ControlTimeout });
                return;
            }

            Answer(peer, type, payload, static grant => grant);
        };

        await EnrolAsync();

        Assert.Equal(2, _csrs.Count);
        Assert.Equal(_csrs[0], _csrs[1]);
    }

    [Fact]
    public async Task EnrolAsync_RunAgainAfterAFailure_UsesTheSameKeyPair()
    {
        var hasNode = false;
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            if (!hasNode)
            {
                Remember(payload);
                peer.Send(FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer { RequestId = 1, Reason = (uint)Reason.NoNode });
                return;
            }

            Answer(peer, type, payload, static grant => grant);
        };
        var failure = await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync);
        Assert.Equal(Reason.NoNode, failure.Reason);
        Assert.Equal(DeviceEnrolment.MaxAttempts, _csrs.Count);

        hasNode = true;
        await EnrolAsync();

        Assert.Single(_csrs.Select(Convert.ToHexString).Distinct());
    }

    [Fact]
    public async Task EnrolAsync_AgainWhenEnrolled_SucceedsWithoutTheRelayOrNamesTheOther()
    {
        var identity = await EnrolAsync();
        var connections = _edge.Connections;
        Assert.Equal(identity, await EnrolAsync());
        Assert.Equal(connections, _edge.Connections);

        var other = Activation() with { Id = NewId() };
        var e = await Assert.ThrowsAsync<AgentStateException>(() => EnrolAsync(other));
        Assert.Contains("phone-1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EnrolAsync_WrongPin_SendsNothing()
    {
        var frames = 0;
        _edge.OnFrame = (_, _, _, _) => Interlocked.Increment(ref frames);
        using var other = new TestAuthority("Other installation");
        var e = await Assert.ThrowsAsync<EnrolmentException>(() => EnrolAsync(Activation() with { Installation = other.Id }));
        Assert.Equal(Reason.CertificateUntrusted, e.Reason);
        Assert.Equal(0, frames);
    }

    [Fact]
    public async Task EnrolAsync_HelloWithTheRightRootButACertificateOfAnother_SendsNothing()
    {
        using var attacker = new TestAuthority("Attacker");
        await using var hostile = new ScriptedEdge(attacker, _time);
        hostile.Hello.InstallationRoot = ByteString.CopyFrom(_installation.Authority.Root.RawData);
        var frames = 0;
        hostile.OnFrame = (_, _, _, _) => Interlocked.Increment(ref frames);
        var e = await Assert.ThrowsAsync<EnrolmentException>(
            () => EnrolAsync(Activation() with { Port = hostile.Address.Port }));
        Assert.Equal(Reason.CertificateUntrusted, e.Reason);
        Assert.Equal(0, frames);
    }

    // The edge has a CSR of its own certified: the node's MAC over the device's request does not fit, and without the secret there is no other.
    [Fact]
    public async Task EnrolAsync_CertificateForAnotherKeyWithTheSecret_IsRefused()
    {
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            var request = Request(payload);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            peer.Send(FrameType.EnrolAnswer, Channel.Session, Grant(request.Mac, SigningRequest.Create(key), "phone-1", PeerRole.Device));
        };
        Assert.Equal(Reason.CertificateUntrusted, (await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync)).Reason);
        AssertNotEnrolled();
    }

    [Fact]
    public async Task EnrolAsync_SwappedCertificate_FailsItsMac()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var attacker = new TestAuthority("Attacker");
        Assert.Equal(Reason.None, SigningRequest.TryRead(SigningRequest.Create(key), out var publicKey));
        using var swapped = attacker.Authority.Issue(publicKey!, PeerRole.Device, "phone-1", TestAuthority.Epoch, TimeSpan.FromDays(1));
        _edge.OnFrame = (peer, type, _, payload) => Answer(peer, type, payload, grant =>
        {
            grant.Certificate = ByteString.CopyFrom(swapped.RawData);
            grant.Root = ByteString.CopyFrom(attacker.Authority.Root.RawData);
            return grant;
        });
        Assert.Equal(Reason.BadSignature, (await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync)).Reason);
        AssertNotEnrolled();
    }

    [Fact]
    public async Task EnrolAsync_ReflectedRequestMac_IsRefused()
    {
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            var mac = Request(payload).Mac;
            Answer(peer, type, payload, grant =>
            {
                grant.Mac = mac;
                return grant;
            });
        };
        Assert.Equal(Reason.BadSignature, (await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync)).Reason);
        AssertNotEnrolled();
    }

    [Fact]
    public async Task EnrolAsync_CertificateOfANode_IsRefused()
    {
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            var request = Request(payload);
            peer.Send(
                FrameType.EnrolAnswer, Channel.Session, Grant(request.Mac, request.Csr.ToByteArray(), "phone-1", PeerRole.Node));
        };
        Assert.Equal(Reason.CertificateWrongRole, (await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync)).Reason);
        AssertNotEnrolled();
    }

    [Theory]
    [InlineData(Reason.UnknownActivation)]
    [InlineData(Reason.ActivationExpired)]
    [InlineData(Reason.TooManyAttempts)]
    public async Task EnrolAsync_Refused_TellsWhatToDoAndDoesNotTryAgain(Reason reason)
    {
        _edge.OnFrame = (peer, _, _, _) => peer.Send(
            FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer { RequestId = 1, Reason = (uint)reason });
        var e = await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync);
        Assert.Equal(reason, e.Reason);
        Assert.Contains("Ask for a new one", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, _edge.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EnrolAsync_AskedToComeAgain_KnowsWhen(bool isByClose)
    {
        _edge.OnFrame = (peer, _, _, _) =>
        {
            if (isByClose)
            {
                peer.Send(FrameType.Close, Channel.Session, new Close { Reason = (uint)Reason.HandshakeDisplaced, RetryAfterMs = 2_500 });
            }
            else
            {
                peer.Send(FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer { RequestId = 1, Reason = (uint)Reason.Overloaded, RetryAfterMs = 2_500 });
            }
        };

        var e = await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync);

        Assert.Equal((isByClose ? Reason.HandshakeDisplaced : Reason.Overloaded, TimeSpan.FromSeconds(2.5)), (e.Reason, e.RetryAfter));
        Assert.Equal(DeviceEnrolment.MaxAttempts, _edge.Connections);
    }

    [Fact]
    public async Task RetryAsync_AskedToComeAgain_WaitsThatLong()
    {
        var time = new ManualTimeProvider();
        var attempts = 0;
        var retrying = DeviceEnrolment.RetryAsync(
            () => ++attempts == 1
                ? Task.FromException<int>(new EnrolmentException(Reason.Overloaded, "", retryAfter: TimeSpan.FromSeconds(45)))
                : Task.FromResult(7),
            time,
            NullLogger.Instance,
            CancellationToken.None);

        time.Advance(TimeSpan.FromSeconds(44.9));
        Assert.Equal(1, attempts);
        time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(7, await retrying.WithinAsync("the second attempt"));
    }

    [Fact]
    public async Task EnrolAsync_GarbageForAnAnswer_IsAnErrorWithAReason()
    {
        var random = new Random(7);
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            _edge.OnFrame = (peer, _, _, _) => peer.Send(
                FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer { RequestId = 1, Answer = ByteString.CopyFrom(bytes) });
            await Assert.ThrowsAsync<EnrolmentException>(EnrolAsync);
        }
    }

    [Fact]
    public async Task RegisterAsync_ProofAndMacs_AreThoseOfTheSpecification()
    {
        var invitation = Activation() with { Kind = EnrolmentKind.Invite, Tenant = null, TenantTag = default, Name = null };
        byte[] tag = [.. Enumerable.Range(0, TenantTags.TagBytes).Select(i => (byte)i)];
        var isGood = false;
        _edge.OnFrame = (peer, _, _, payload) =>
        {
            var request = RegisterTenant.Parser.ParseFrom(payload);
            var mac = EnrolmentMacs.InvitationRequest(_secret, _installation.Id, invitation.Id, request.Root.Span);
            isGood = EnrolmentSecret.Matches(mac, request.Mac.Span)
                && EnrolmentMacs.VerifyRegistrationProof(_tenant.Authority.Root, _installation.Id, invitation.Id, request.Proof.Span)
                && request.Name == "Example Ltd";
            peer.Send(FrameType.TenantRegistered, Channel.Session, new TenantRegistered
            {
                TenantTag = ByteString.CopyFrom(tag),
                Mac = ByteString.CopyFrom(EnrolmentMacs.InvitationAnswer(_secret, request.Mac.Span, tag)),
            });
        };

        var registration = await TenantRegistrationExchange.RegisterAsync(
            invitation, _tenant.Authority, "Example Ltd", _time, NullLogger.Instance, CancellationToken.None).WithinAsync("the registration");

        using var root = registration.InstallationRoot;
        Assert.True(isGood);
        Assert.Equal(tag, registration.TenantTag.ToArray());
        Assert.Equal(_installation.Id, TenantId.FromRoot(root));
        Assert.Equal(_edge.Address, registration.Relay);
    }

    [Fact]
    public async Task RegisterAsync_TagSwappedByTheEdge_IsRefused()
    {
        var invitation = Activation() with { Kind = EnrolmentKind.Invite, Tenant = null, TenantTag = default, Name = null };
        _edge.OnFrame = (peer, _, _, payload) =>
        {
            var request = RegisterTenant.Parser.ParseFrom(payload);
            peer.Send(FrameType.TenantRegistered, Channel.Session, new TenantRegistered
            {
                TenantTag = ByteString.CopyFrom(new byte[TenantTags.TagBytes]),
                Mac = ByteString.CopyFrom(EnrolmentMacs.InvitationAnswer(_secret, request.Mac.Span, new byte[] { 1 })),
            });
        };
        var e = await Assert.ThrowsAsync<EnrolmentException>(() => TenantRegistrationExchange.RegisterAsync(
            invitation, _tenant.Authority, "Example Ltd", _time, NullLogger.Instance, CancellationToken.None));
        Assert.Equal(Reason.BadSignature, e.Reason);
    }

    private static string NewId() => System.Buffers.Text.Base64Url.EncodeToString(EnrolmentSecret.NewRandom());

    private static EnrolRequest Request(byte[] payload) => EnrolRequest.Parser.ParseFrom(Enrol.Parser.ParseFrom(payload).Request);

    private readonly string _activationId = NewId();

    private EnrolmentUri Activation() => new()
    {
        Kind = EnrolmentKind.Activate,
        Host = "127.0.0.1",
        Port = _edge.Address.Port,
        Installation = _installation.Id,
        Id = _activationId,
        Secret = _secret,
        Tenant = _tenant.Id,
        TenantTag = new byte[TenantTags.TagBytes],
        Name = "phone-1",
    };

    private Task<PeerIdentity> EnrolAsync() => EnrolAsync(Activation());

    private Task<PeerIdentity> EnrolAsync(EnrolmentUri activation) => DeviceEnrolment.EnrolAsync(
        activation, _directory, _time, NullLogger.Instance, CancellationToken.None).WithinAsync("the enrolment");

    private void AssertNotEnrolled() => Assert.False(AgentState.Exists(_directory));

    private void Remember(byte[] payload) => _csrs.Add(Request(payload).Csr.ToByteArray());

    // The node's side, behind an edge that passes everything on.
    private void Answer(ScriptedEdge.ScriptedPeer peer, FrameType type, byte[] payload, Func<EnrolGrant, EnrolGrant> tamper)
    {
        Assert.Equal(FrameType.Enrol, type);
        Remember(payload);
        var request = Request(payload);
        var expected = EnrolmentMacs.ActivationRequest(_secret, _tenant.Id, _activationId, request.Version, request.Csr.Span);
        if (!EnrolmentSecret.Matches(expected, request.Mac.Span))
        {
            peer.Send(FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer { RequestId = 1, Reason = (uint)Reason.UnknownActivation });
            return;
        }

        var answer = Grant(request.Mac, request.Csr.ToByteArray(), "phone-1", PeerRole.Device);
        answer.Answer = tamper(EnrolGrant.Parser.ParseFrom(answer.Answer)).ToByteString();
        peer.Send(FrameType.EnrolAnswer, Channel.Session, answer);
    }

    private EnrolAnswer Grant(ByteString requestMac, byte[] csr, string name, PeerRole role)
    {
        Assert.Equal(Reason.None, SigningRequest.TryRead(csr, out var publicKey));
        using var certificate = _tenant.Authority.Issue(publicKey!, role, name, TestAuthority.Epoch, TimeSpan.FromDays(30));
        var root = _tenant.Authority.Root.RawData;
        return new EnrolAnswer
        {
            RequestId = 1,
            Answer = new EnrolGrant
            {
                Certificate = ByteString.CopyFrom(certificate.RawData),
                Root = ByteString.CopyFrom(root),
                Mac = ByteString.CopyFrom(EnrolmentMacs.ActivationAnswer(_secret, requestMac.Span, certificate.RawData, root)),
            }.ToByteString(),
        };
    }
}
