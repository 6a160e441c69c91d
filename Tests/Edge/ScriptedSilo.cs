using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using OrleansUem.Transport.Control;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>
/// A silo's control listener that says what a test tells it to: accepts every attach, knows the tenants it is given, and opens tunnels by offering them to the
/// last node that attached.
/// </summary>
internal sealed class ScriptedSilo : IControlRequestHandler, IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly TlsListener _listener;
    private readonly ConcurrentQueue<ControlRequest> _requests = new();
    private readonly ConcurrentDictionary<string, (ulong Session, ulong Generation)> _nodes = new();
    private readonly SemaphoreSlim _changed = new(0);
    private ulong _lastTunnel;
    private volatile ControlLink? _link;
    private volatile FrameConnection? _connection;

    public ScriptedSilo(TestAuthority installation, TimeProvider time)
    {
        _time = time;
        Credentials = installation.Issue(PeerRole.Silo, "silo-1");
        _listener = TlsListener.Start(
            new TlsListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Credentials = Credentials, Alpns = [Alpn.Control] },
            RunLinkAsync,
            time,
            NullLogger.Instance);
    }

    public PeerCredentials Credentials { get; }

    public string Address => $"127.0.0.1:{_listener.LocalEndPoint.Port}";

    /// <summary>The tenants whose bundle it knows.</summary>
    public List<TestAuthority> Tenants { get; } = [];

    /// <summary>Answers first; null leaves it to the script above.</summary>
    public Func<ControlRequest, ControlAnswer?>? Override { get; set; }

    /// <summary>Of the leases it hands out.</summary>
    public uint LeaseSeconds { get; set; } = 300;

    public uint IdleSeconds { get; set; }

    public ulong ByteLimit { get; set; }

    public LinkStarted LinkStarted { get; set; } = new() { SiloId = "silo-1" };

    public ControlLink Link => _link ?? throw new InvalidOperationException("No edge is linked.");

    public string? LastLease { get; private set; }

    /// <summary>Takes the next request of a kind that arrived, waiting for it.</summary>
    public async Task<ControlRequest> NextAsync(ControlRequest.BodyOneofCase body)
    {
        while (true)
        {
            while (_requests.TryDequeue(out var request))
            {
                if (request.BodyCase == body)
                {
                    return request;
                }
            }

            await _changed.WaitAsync().WithinAsync($"the edge's {body}");
        }
    }

    public int CountOf(ControlRequest.BodyOneofCase body) => _requests.Count(request => request.BodyCase == body);

    public Task<ControlAnswer> AskAsync(ControlRequest request) => Link.RequestAsync(request).WithinAsync($"the edge's answer to {request.BodyCase}");

    /// <summary>Breaks the link; the edge dials again.</summary>
    public void BreakLink() => _connection?.Close(Reason.Draining);

    /// <summary>Waits until the broken link is gone here too.</summary>
    public async Task UntilUnlinkedAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Link.Ended.UnsafeRegister(_ => ended.TrySetResult(), null);
        await ended.Task.WithinAsync("the link's end");
        while (_requests.TryDequeue(out _))
        {
            // What came over the old link is of no interest to what follows.
        }
    }

    public async Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken ended)
    {
        var answer = Override?.Invoke(request) ?? request.BodyCase switch
        {
            ControlRequest.BodyOneofCase.LinkStart => new ControlAnswer { LinkStarted = LinkStarted },
            ControlRequest.BodyOneofCase.TenantBundle => BundleOf(request.TenantBundle.TenantId),
            ControlRequest.BodyOneofCase.Attach => Accept(request.Attach),
            ControlRequest.BodyOneofCase.OpenTunnel => await OpenAsync(request.OpenTunnel),
            ControlRequest.BodyOneofCase.RenewLeases => Renew(request.RenewLeases),
            _ => new ControlAnswer(),
        };
        _requests.Enqueue(request);
        _changed.Release();
        return answer;
    }

    public void OnFault(Exception fault) => throw new InvalidOperationException("The scripted silo failed.", fault);

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        Credentials.Dispose();
    }

    private ControlAnswer BundleOf(string tenantId) => Tenants.Find(tenant => tenant.Id.Text == tenantId) is { } known
        ? new ControlAnswer
        {
            TenantBundle = new TenantBundle { Roots = { ByteString.CopyFrom(known.Authority.Root.RawData) }, LifetimeSeconds = 300 },
        }
        : ControlBodies.Refusal(Reason.UnknownTenant);

    private ControlAnswer Accept(AttachSession attach)
    {
        var claim = AttachClaim.Parser.ParseFrom(Attach.Parser.ParseFrom(attach.Attach).Claim);
        if (claim.Identity.Contains("/node/", StringComparison.Ordinal))
        {
            _nodes["last"] = (attach.SessionId, claim.Generation);
        }

        return new ControlAnswer { Attached = new SessionAttached { Identity = claim.Identity, Generation = claim.Generation } };
    }

    private async Task<ControlAnswer> OpenAsync(OpenTunnel open)
    {
        if (!_nodes.TryGetValue("last", out var node))
        {
            return ControlBodies.Refusal(Reason.NoNode);
        }

        Assert.True(PeerIdentity.TryParse(open.Identity, out var device));
        var tunnel = Interlocked.Increment(ref _lastTunnel);
        var lease = $"{device.Root.Text}/{device.Name}/{tunnel}";
        LastLease = lease;
        var deviceEnd = End(open.SessionId, open.Generation, open.Channel);
        var taken = await Link.RequestAsync(new ControlRequest
        {
            OfferTunnel = new OfferTunnel
            {
                TunnelId = tunnel,
                DeviceId = device.Name,
                NodeSessionId = node.Session,
                NodeGeneration = node.Generation,
                Lease = LeaseOf(lease, End(node.Session, node.Generation, 0), deviceEnd),
            },
        });
        return taken.Reason != 0 ? ControlBodies.Refusal(ReasonText.FromWire(taken.Reason), taken.Detail) : new ControlAnswer
        {
            TunnelOpened = new TunnelOpened
            {
                TunnelId = tunnel,
                NodeId = "node-1",
                Lease = LeaseOf(lease, deviceEnd, End(node.Session, node.Generation, taken.TunnelTaken.Channel)),
            },
        };
    }

    private Lease LeaseOf(string id, RouteEnd local, RouteEnd peer) => new()
    {
        LeaseId = id,
        Local = local,
        Peer = peer,
        LifetimeSeconds = LeaseSeconds,
        IdleSeconds = IdleSeconds,
        ByteLimit = ByteLimit,
    };

    private static RouteEnd End(ulong session, ulong generation, uint channel) => new()
    {
        Session = new SessionRef { EdgeId = "edge-1", SessionId = session, Generation = generation },
        Channel = channel,
    };

    private ControlAnswer Renew(RenewLeases renew) => new()
    {
        LeasesRenewed = new LeasesRenewed
        {
            Leases = { renew.Leases.Select(lease => new LeaseRenewal { LeaseId = lease.LeaseId, LifetimeSeconds = LeaseSeconds }) },
        },
    };

    private async Task RunLinkAsync(TlsConnection tls, CancellationToken cancellationToken)
    {
        var connection = new FrameConnection(
            tls.Stream, new FrameConnectionOptions { MaxPayloadBytes = FrameLimits.MaxPayloadBytes }, _time, NullLogger.Instance);
        connection.TrySend(FrameType.Hello, Channel.Session, new Hello
        {
            Version = ProtocolVersion.Current,
            OldestVersion = ProtocolVersion.Oldest,
            ServerName = "silo-1",
            KeepAliveSeconds = 5,
        });
        using var link = new ControlLink(ControlSide.Silo, (type, body) => connection.TrySend(type, Channel.Session, body), this, _time);
        _link = link;
        _connection = connection;
        var end = await connection.RunAsync(new Frames(link), cancellationToken);
        link.End(end.Reason);
    }

    private sealed class Frames(ControlLink link) : IFrameHandler
    {
        public Reason OnFrame(in FrameHeader header, in System.Buffers.ReadOnlySequence<byte> payload) => link.OnFrame(header.Type, payload);
    }
}
