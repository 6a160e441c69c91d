using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Control;
using OrleansUem.Edge.Paths;
using OrleansUem.Edge.State;
using OrleansUem.Edge.Tls;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge;

/// <summary>Runs an edge in this process.</summary>
public static partial class EdgeHost
{
    private static readonly TimeSpan FirstLinkWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastReportsWait = TimeSpan.FromSeconds(2);

    /// <summary>Runs an edge until it is told to stop, then drains: GOAWAY with a jittered time, a pause, CLOSE, the last reports.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="loggerFactory">Logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onReady">
    /// Called once, when the listeners are open and a silo is linked; or without a link after 10 s, since the edge is of use to sessions that refuse to wait.
    /// </param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The state directory holds no edge.</exception>
    /// <exception cref="IOException">A listener can't be opened.</exception>
    public static Task RunAsync(
        EdgeOptions options, ILoggerFactory loggerFactory, TimeProvider time, Action<EdgeReady> onReady, CancellationToken cancellationToken) =>
        RunAsync(options, loggerFactory, time, new EdgeHealth(), onReady, cancellationToken);

    /// <summary>The same, and tells of its health.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="loggerFactory">Logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Is told.</param>
    /// <param name="onReady">Called once.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    public static Task RunAsync(
        EdgeOptions options, ILoggerFactory loggerFactory, TimeProvider time, EdgeHealth health, Action<EdgeReady> onReady, CancellationToken cancellationToken) =>
        RunAsync(options, loggerFactory, time, health, _ => { }, onReady, cancellationToken);

    /// <summary>The same, for who looks inside.</summary>
    internal static async Task RunAsync(
        EdgeOptions options,
        ILoggerFactory loggerFactory,
        TimeProvider time,
        EdgeHealth health,
        Action<EdgeServer> onServer,
        Action<EdgeReady> onReady,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loggerFactory);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(health);
        ArgumentNullException.ThrowIfNull(onReady);
        EdgeOptionsValidator.ThrowIfInvalid(options);
        using var credentials = EdgeState.Load(options.StateDirectory);
        EdgeState.RequireInForce(credentials, options.StateDirectory, time.GetUtcNow());
        using var server = new EdgeServer(options, credentials, loggerFactory.CreateLogger("OrleansUem.Edge"), time);
        onServer(server);
        using var handshakes = new HandshakeThreads(options.Limits.HandshakeThreads);
        var connections = OpenFileLimit.CreateBudget(options.Limits.MaxConnections, options.DeviceEndPoints.Count + options.NodeEndPoints.Count, server.Logger);
        using var deviceTls = RecordTlsServer.TryCreate(credentials.Certificate, AlpnsBeside(Alpn.Device));
        using var nodeTls = RecordTlsServer.TryCreate(credentials.Certificate, AlpnsBeside(Alpn.Node));
        TlsListenerOptions TlsOptions(IPEndPoint endPoint, string alpn) =>
            ListenerOptions(server, endPoint, alpn, connections, handshakes) with { Tls13 = alpn == Alpn.Device ? deviceTls : nodeTls };
        using var udp = new UdpPlane(server, options.Udp);
        using var stopControl = new CancellationTokenSource();
        var control = options.Silos
            .Select(silo => EdgeOptionsValidator.TryReadAddress(silo, out var host, out var port) ? new SiloLink(server, host, port) : null!)
            .Select(link => link.RunAsync(stopControl.Token))
            .Append(server.Reports.RunAsync(stopControl.Token))
            .ToArray();
        var listeners = new List<TlsListener>();
        try
        {
            var devices = Listen(options.DeviceEndPoints, Alpn.Device, TlsOptions, server, udp, listeners);
            var nodes = Listen(options.NodeEndPoints, Alpn.Node, TlsOptions, server, udp, listeners);
            server.Metrics.Listeners = listeners;
            udp.Start();
            health.Started(server);
            await ReportReadyAsync(server, new EdgeReady(new EdgeId(credentials.Identity.Name), devices, nodes, udp.EndPoints, IsLinked: false), onReady, cancellationToken);
            await UntilAsync(cancellationToken);
            health.Draining();
            await DrainAsync(server, listeners, options.DrainTime);
        }
        finally
        {
            foreach (var listener in listeners)
            {
                await listener.DisposeAsync();
            }

            await FlushReportsAsync(server);
            await stopControl.CancelAsync();
            await Task.WhenAll(control);
        }
    }

    private static IPEndPoint[] Listen(
        IReadOnlyList<IPEndPoint> endPoints, string alpn, Func<IPEndPoint, string, TlsListenerOptions> options, EdgeServer server, UdpPlane udp, List<TlsListener> listeners)
    {
        var bound = new List<IPEndPoint>();
        foreach (var endPoint in endPoints)
        {
            var beside = udp.Bind(endPoint, alpn);
            var listener = TlsListener.Start(
                options(endPoint, alpn),
                (tls, cancellationToken) => server.RunConnectionAsync(tls, beside, cancellationToken),
                server.Time,
                server.Logger);
            listeners.Add(listener);
            bound.Add(listener.LocalEndPoint);
            LogListening(server.Logger, alpn, listener.LocalEndPoint.Port);
        }

        return [.. bound];
    }

    // Enrolments are taken on every port.
    private static string[] AlpnsBeside(string alpn) => [alpn, Alpn.Enrol];

    private static TlsListenerOptions ListenerOptions(EdgeServer server, IPEndPoint endPoint, string alpn, ConnectionBudget? connections, HandshakeThreads handshakes) => new()
    {
        EndPoint = endPoint,
        Credentials = server.Credentials,
        Alpns = AlpnsBeside(alpn),
        HandshakeTimeout = server.Limits.HandshakeTimeout,
        Threads = handshakes,
        MaxPending = server.Limits.MaxPending,
        MaxConnections = server.Limits.MaxConnections,
        Budget = connections,
        MaxConnectionsPerAddress = server.Limits.MaxConnectionsPerAddress,
        Events = server.Metrics,
    };

    private static async Task ReportReadyAsync(
        EdgeServer server, EdgeReady ready, Action<EdgeReady> onReady, CancellationToken cancellationToken)
    {
        try
        {
            await server.Silos.WaitAsync(cancellationToken).WaitAsync(FirstLinkWait, server.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Operating failure: no silo yet; the links go on dialling.
            LogNoSilo(server.Logger);
        }
        catch (OperationCanceledException)
        {
            // Expected: stopped before it was ready.
            return;
        }

        onReady(ready with { IsLinked = server.Silos.IsLinked });
    }

    private static async Task UntilAsync(CancellationToken cancellationToken)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
        await stopped.Task;
    }

    private static async Task DrainAsync(EdgeServer server, List<TlsListener> listeners, TimeSpan drainTime)
    {
        LogDraining(server.Logger, server.Sessions.PresentCount);
        foreach (var listener in listeners)
        {
            await listener.StopAcceptingAsync();
        }

        var sessions = server.Sessions.ToArray();
        foreach (var session in sessions)
        {
            session.TrySend(FrameType.GoAway, Channel.Session, new GoAway
            {
                Reason = (uint)Reason.Draining,
                ReconnectAfterMs = (uint)Random.Shared.Next((int)drainTime.TotalMilliseconds + 1),
            });
        }

        // Until the last one has left, or the time is over.
        await server.Sessions.WhenEmptyAsync().WaitAsync(drainTime, server.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        foreach (var session in server.Sessions.ToArray())
        {
            session.Close(Reason.Draining, "The edge stops.", EdgeServer.RetryAfterMs(Reason.Draining));
        }
    }

    // Best effort: silos learn of sessions that were not reported when the next process links.
    private static async Task FlushReportsAsync(EdgeServer server)
    {
        try
        {
            if (server.Silos.IsLinked)
            {
                await server.Reports.WhenEmptyAsync().WaitAsync(LastReportsWait, server.Time);
            }
        }
        catch (TimeoutException)
        {
            // Operating failure: the silo does not answer.
        }
    }

    [LoggerMessage(1000, LogLevel.Information, "Listening for {Alpn} on port {Port}")]
    private static partial void LogListening(ILogger logger, string alpn, int port);

    [LoggerMessage(1001, LogLevel.Warning, "No silo is linked yet: nobody can attach")]
    private static partial void LogNoSilo(ILogger logger);

    [LoggerMessage(1002, LogLevel.Information, "Draining {Sessions} sessions")]
    private static partial void LogDraining(ILogger logger, int sessions);
}
