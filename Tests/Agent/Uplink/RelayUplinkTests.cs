using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Agent.Uplink;

/// <summary>An uplink over real TLS with an edge that a test scripts; the back-off takes no time.</summary>
public sealed class RelayUplinkTests : IAsyncDisposable
{
    private readonly TestAuthority _installation = new("Installation");
    private readonly TestAuthority _tenant = new("Tenant");
    private readonly ImmediateBackOff _time = new(TestAuthority.Epoch);
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "uem-test-" + Guid.NewGuid().ToString("N"));
    private readonly CancellationTokenSource _stop = new();
    private readonly RecordingUplinkHandler _handler = new();
    private readonly ScriptedEdge _edge;
    private readonly List<AttachClaim> _claims = [];
    private AgentState? _state;
    private Task _running = Task.CompletedTask;

    public RelayUplinkTests()
    {
        _edge = new ScriptedEdge(_installation, _time);
        _edge.OnFrame = (peer, type, _, payload) => Accept(peer, type, payload);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running.WithinAsync("the uplink's end");
        }
        catch (UplinkFatalException)
        {
            // The test's own expectation.
        }

        await _edge.DisposeAsync();
        _state?.Dispose();
        _stop.Dispose();
        _installation.Dispose();
        _tenant.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task RunAsync_HonestEdge_AttachesWithAClaimThatVerifies()
    {
        Attach? seen = null;
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            seen = Attach.Parser.ParseFrom(payload);
            Accept(peer, type, payload);
        };
        Start();

        var session = await _handler.NextAttachedAsync("the attach");

        Assert.Equal(new EdgeId("edge-1"), session.Edge);
        Assert.Equal(7UL, session.Id.Value);
        var reason = AttachClaims.Verify(
            seen!, _tenant.Authority.Root, session.Edge, _time.GetUtcNow(), out var claim, out var identity, out var certificate);
        using var verified = certificate;
        Assert.Equal(Reason.None, reason);
        Assert.Equal(session.Generation, claim!.Generation);
        Assert.Equal((ulong)TestAuthority.Epoch.ToUnixTimeMilliseconds(), claim.Generation);
        Assert.Equal("phone-1", identity.Name);
        Assert.Equal("uem-test/1", seen!.Software);
    }

    [Fact]
    public async Task RunAsync_EdgeBreaksTheSession_AttachesAgainWithAHigherGenerationAndOldSendsGoNowhere()
    {
        ScriptedEdge.ScriptedPeer? first = null;
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            first ??= peer;
            Accept(peer, type, payload);
        };
        Start();
        var before = await _handler.NextAttachedAsync("the first attach");

        first!.Close(new Close { Reason = (uint)Reason.Draining });

        var (end, retryIn) = await _handler.NextDetachedAsync("the first end");
        Assert.Equal(Reason.Draining, end.Reason);
        Assert.True(end.IsByPeer);
        Assert.NotNull(retryIn);
        var after = await _handler.NextAttachedAsync("the second attach");
        Assert.Equal(before.Generation + 1, after.Generation);
        Assert.False(before.TrySend(FrameType.Open, Channel.Session, new Open()));
        Assert.False(before.TrySendDatagram(Channel.Create(1, 0), [1, 2, 3]));
        Assert.True(after.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 1 }));
    }

    [Fact]
    public async Task RunAsync_StaleGeneration_ClaimsOneAboveTheOneTold()
    {
        var told = (ulong)TestAuthority.Epoch.ToUnixTimeMilliseconds() + 12_345;
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            if (peer.Number == 1)
            {
                peer.Close(new Close { Reason = (uint)Reason.StaleGeneration, LastGeneration = told });
                return;
            }

            Accept(peer, type, payload);
        };
        Start();
        var session = await _handler.NextAttachedAsync("the attach");
        Assert.Equal(told + 1, session.Generation);
        Assert.Equal(TimeSpan.Zero, (await _handler.NextDetachedAsync("the refusal")).RetryIn);
    }

    [Theory]
    [InlineData(Reason.CertificateRevoked, "has cut this device")]
    [InlineData(Reason.CertificateExpired, "has expired")]
    [InlineData(Reason.UnsupportedVersion, "Update")]
    public async Task RunAsync_RefusedForGood_EndsWithAdvice(Reason reason, string advice)
    {
        _edge.OnFrame = (peer, _, _, _) => peer.Close(new Close { Reason = (uint)reason });
        Start();
        var e = await Assert.ThrowsAsync<UplinkFatalException>(() => _running.WithinAsync("the fatal end"));
        Assert.Equal(reason, e.Reason);
        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
        Assert.Null((await _handler.NextDetachedAsync("the end")).RetryIn);
        Assert.Equal(1, _edge.Connections);
    }

    [Fact]
    public async Task RunAsync_ClockSkew_NamesBothClocksAndRetriesSlowly()
    {
        var server = TestAuthority.Epoch.AddHours(3);
        _edge.OnFrame = (peer, _, _, _) => peer.Close(
            new Close { Reason = (uint)Reason.ClockSkew, ServerTimeUnixMs = server.ToUnixTimeMilliseconds() });
        Start();
        var (end, retryIn) = await _handler.NextDetachedAsync("the refusal");
        var text = UplinkAdvice.Explain(end, TestAuthority.Epoch);
        Assert.Contains("2026-06-01 12:00:00Z", text, StringComparison.Ordinal);
        Assert.Contains("2026-06-01 15:00:00Z", text, StringComparison.Ordinal);
        Assert.True(retryIn >= ReconnectPolicy.SlowRetry / 2);
    }

    [Fact]
    public async Task RunAsync_EdgeOfAnotherInstallation_GetsNoAttach()
    {
        using var other = new TestAuthority("Other");
        await using var hostile = new ScriptedEdge(other, _time);
        var frames = 0;
        hostile.OnFrame = (_, _, _, _) => Interlocked.Increment(ref frames);
        Start(hostile.Address);
        var (end, retryIn) = await _handler.NextDetachedAsync("the refusal");
        Assert.Equal(Reason.CertificateUntrusted, end.Reason);
        Assert.False(end.IsByPeer);
        Assert.NotNull(retryIn);
        Assert.Equal(0, frames);
    }

    [Fact]
    public async Task RunAsync_FirstRelayIsDead_TakesTheNext()
    {
        Start(new RelayAddress("127.0.0.1", 1), _edge.Address);
        var session = await _handler.NextAttachedAsync("the attach at the second relay");
        Assert.Equal("edge-1", session.Edge.Text);
        Assert.Equal(Reason.ConnectionLost, (await _handler.NextDetachedAsync("the first failure")).End.Reason);
    }

    [Fact]
    public async Task RunAsync_NameWithADeadAddress_TakesTheNextAddress()
    {
        var lookups = 0;
        Start(
            [new RelayAddress("relay.example", _edge.Address.Port)],
            (_, _) =>
            {
                lookups++;
                return Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback, IPAddress.Loopback]);
            });
        var session = await _handler.NextAttachedAsync("the attach at the second address");
        Assert.Equal(IPAddress.Loopback, session.Remote.Address.MapToIPv4());
        Assert.Equal(1, lookups);
    }

    [Fact]
    public async Task Nudge_WhileAttached_AttachesAgain()
    {
        var uplink = Start();
        var before = await _handler.NextAttachedAsync("the first attach");
        uplink.Nudge();
        var after = await _handler.NextAttachedAsync("the second attach");
        Assert.True(after.Generation > before.Generation);
    }

    [Fact]
    public async Task Nudge_WhileWaitingSlowly_AttachesAtOnce()
    {
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            if (peer.Number == 1)
            {
                peer.Close(new Close { Reason = (uint)Reason.ClockSkew });
                return;
            }

            Accept(peer, type, payload);
        };
        var uplink = Start();
        await _handler.NextDetachedAsync("the refusal");
        uplink.Nudge();
        await _handler.NextAttachedAsync("the attach after the nudge");
    }

    [Fact]
    public async Task SkipWait_WhileAttached_ChangesNothing()
    {
        var uplink = Start();
        var session = await _handler.NextAttachedAsync("the attach");
        uplink.SkipWait();
        Assert.True(session.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 1 }));
        Assert.Equal(1, _edge.Connections);
        Assert.False(_handler.Detached.Reader.TryPeek(out _));
    }

    [Fact]
    public async Task RunAsync_Cancelled_SaysDetachedAndEnds()
    {
        Start();
        await _handler.NextAttachedAsync("the attach");
        await _stop.CancelAsync();
        await _running.WithinAsync("the end");
        Assert.Null((await _handler.NextDetachedAsync("the end")).RetryIn);
    }

    [Fact]
    public async Task RunAsync_DatagramsOfTheEdge_ReachTheHandler()
    {
        _edge.OnFrame = (peer, type, _, payload) =>
        {
            Accept(peer, type, payload);
            peer.SendDatagram(Channel.Create(4, 2), [9, 8, 7]);
        };
        Start();
        var (channel, bytes) = await _handler.Datagrams.Reader.ReadAsync().AsTask().WithinAsync("the datagram");
        Assert.Equal(Channel.Create(4, 2), channel);
        Assert.Equal([9, 8, 7], bytes);
    }

    private RelayUplink Start(params RelayAddress[] relays) => Start(relays, null);

    private RelayUplink Start(RelayAddress[] relays, Func<string, CancellationToken, Task<IPAddress[]>>? resolve)
    {
        using (var credentials = _tenant.Issue(PeerRole.Device, "phone-1"))
        {
            AgentState.Store(_directory, new AgentEnrolment
            {
                Credentials = credentials,
                InstallationRoot = _installation.Authority.Root,
                TenantTag = new byte[TenantTags.TagBytes],
                Relays = [_edge.Address],
            });
        }

        _state = AgentState.Open(_directory, PeerRole.Device);
        var options = new UplinkOptions { Software = "uem-test/1", Relays = relays, Jitter = () => 0, ConnectTimeout = TimeSpan.FromSeconds(10) };
        var uplink = new RelayUplink(_state, _handler, options, NullLoggerFactory.Instance, _time, resolve);
        _running = uplink.RunAsync(_stop.Token);
        return uplink;
    }

    private void Accept(ScriptedEdge.ScriptedPeer peer, FrameType type, byte[] payload)
    {
        if (type == FrameType.Attach)
        {
            var claim = AttachClaim.Parser.ParseFrom(Attach.Parser.ParseFrom(payload).Claim);
            lock (_claims)
            {
                _claims.Add(claim);
            }

            peer.Send(FrameType.Attached, Channel.Session, new Attached { SessionId = 7, Generation = claim.Generation });
        }
    }
}
