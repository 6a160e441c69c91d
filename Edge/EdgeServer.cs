using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Audit;
using OrleansUem.Edge.Control;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Paths;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge;

/// <summary>The parts of a running edge, made once and handed to sessions and links.</summary>
internal sealed class EdgeServer : IDisposable
{
    private const int ProcessIdBytes = 16;
    private const int RetryAfterMinMs = 1_000;
    private const int RetryAfterMaxMs = 5_000;

    private readonly long _origin;
    private readonly FrameConnectionOptions _deviceConnections;
    private readonly FrameConnectionOptions _nodeConnections;
    private readonly LeaseKeeper _leases;

    public EdgeServer(EdgeOptions options, PeerCredentials credentials, ILogger logger, TimeProvider time)
    {
        Limits = options.Limits;
        Credentials = credentials;
        Logger = logger;
        Time = time;
        _origin = time.GetTimestamp();
        Ticker = new ConnectionTicker(time);
        _deviceConnections = ConnectionOptions(options.Limits.DeviceQueueBytes);
        _nodeConnections = ConnectionOptions(options.Limits.NodeQueueBytes);
        Sessions = new SessionTable(options.Limits.MaxSessions);
        Silos = new SiloLinks();
        Reports = new EndReports(Silos, time, logger);
        Routes = new RouteTable(FindPeer, Reports.Add);
        Bundles = new TenantBundles(request => Silos.RequestAsync(request), options.Limits, time);
        Cuts = new CutLog(this);
        Enrolments = new RateLimit(options.Limits.EnrolmentsPerSecond, options.Limits.EnrolmentsPerSecond, time);
        EnrolmentsOfAddress = new AddressRateLimit(options.Limits.EnrolmentsPerSecondPerAddress, time);
        Metrics = new EdgeMetrics(() => Sessions.PresentCount, () => Routes.Count, () => Paths.UsedCount);
        Audit = options.AuditCapturePath is { } path ? new AuditCapture(path, options.AuditCaptureMaxBytes, time) : null;
        _leases = new LeaseKeeper(this);
    }

    /// <summary>Tells silos whether this is the process that they know: another value means that every session is gone.</summary>
    public byte[] ProcessId { get; } = RandomNumberGenerator.GetBytes(ProcessIdBytes);

    public EdgeLimits Limits { get; }

    public PeerCredentials Credentials { get; }

    public ILogger Logger { get; }

    public TimeProvider Time { get; }

    /// <summary>Monotonic, since the start.</summary>
    public TimeSpan Now => Time.GetElapsedTime(_origin);

    public ConnectionTicker Ticker { get; }

    public SessionTable Sessions { get; }

    public RouteTable Routes { get; }

    public PathTable Paths { get; } = new();

    public SiloLinks Silos { get; }

    public EndReports Reports { get; }

    public TenantBundles Bundles { get; }

    public CutLog Cuts { get; }

    public RateLimit Enrolments { get; }

    public AddressRateLimit EnrolmentsOfAddress { get; }

    public EdgeMetrics Metrics { get; }

    public AuditCapture? Audit { get; }

    public Hello CreateHello() => new()
    {
        Version = ProtocolVersion.Current,
        OldestVersion = ProtocolVersion.Oldest,
        ServerName = Credentials.Identity.Name,
        TimeUnixMs = Time.GetUtcNow().ToUnixTimeMilliseconds(),
        KeepAliveSeconds = (uint)Limits.KeepAlive.TotalSeconds,
        InstallationRoot = ByteString.CopyFrom(Credentials.Root.RawData),
    };

    public FrameConnection CreateConnection(TlsConnection tls, PeerRole role) =>
        new(tls.Stream, role == PeerRole.Node ? _nodeConnections : _deviceConnections, Time, Logger);

    /// <summary>When a peer may come again; jittered, so that all that were refused together do not come together. 0 for what waiting does not cure.</summary>
    public static uint RetryAfterMs(Reason reason) =>
        reason is Reason.NoSilo or Reason.Overloaded or Reason.HandshakeDisplaced or Reason.ControlTimeout or Reason.TooManyConnections or Reason.InternalError
            or Reason.Draining
            ? (uint)Random.Shared.Next(RetryAfterMinMs, RetryAfterMaxMs)
            : 0;

    /// <summary>Runs an accepted connection to its end.</summary>
    /// <param name="tls">The connection.</param>
    /// <param name="udp">The UDP sockets beside the listener; null when there are none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task RunConnectionAsync(TlsConnection tls, UdpListener? udp, CancellationToken cancellationToken) => tls.Alpn switch
    {
        Alpn.Device => new DeviceSession(this, tls, udp).RunAsync(cancellationToken),
        Alpn.Node => new NodeSession(this, tls, udp).RunAsync(cancellationToken),
        _ => new EnrolmentSession(this, tls).RunAsync(cancellationToken),
    };

    public void Dispose()
    {
        _leases.Dispose();
        Ticker.Dispose();
        Metrics.Dispose();
        Reports.Dispose();
        Audit?.Dispose();
    }

    private FrameConnectionOptions ConnectionOptions(int queueBytes) => new()
    {
        Ticker = Ticker,
        KeepAliveInterval = Limits.KeepAlive,
        Queue = new SendQueueLimits { ChannelBytes = Limits.TunnelQueueBytes, TotalBytes = queueBytes },
    };

    /// <summary>Where a lease's far end is. Only sessions of this edge are found: forwarding between edges begins here.</summary>
    private Reason FindPeer(RouteEnd end, out ChannelSlot? slot, out string detail)
    {
        slot = null;
        detail = "";
        if (end.Session is null)
        {
            detail = "The lease names no session.";
            return Reason.MalformedFrame;
        }

        if (end.Session.EdgeId != Credentials.Identity.Name)
        {
            detail = "Device and node are attached to different edges, between which this edge does not forward.";
            return Reason.NoNode;
        }

        if (Sessions.Find(end.Session.SessionId, end.Session.Generation) is not { } session)
        {
            detail = "The far end's session is over.";
            return Reason.NotAttached;
        }

        slot = session.Channels.Find(new Channel(end.Channel), out _);
        detail = slot is null ? "The far end's channel is closed." : "";
        return slot is null ? Reason.NotAttached : Reason.None;
    }
}
