using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// Keeps a device or node attached to an edge of its installation: dials, attaches, hands frames on, and comes back by
/// <see cref="ReconnectPolicy"/> until it is cancelled or refused for good.
/// </summary>
public sealed partial class RelayUplink
{
    private readonly AgentState _state;
    private readonly IUplinkHandler _handler;
    private readonly UplinkOptions _options;
    private readonly IReadOnlyList<RelayAddress> _relays;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RelayResolver _resolver;
    private readonly Func<double> _jitter;
    private readonly Lock _gate = new();

    private CancellationTokenSource? _attempt;
    private CancellationTokenSource? _wait;
    private volatile bool _isWaitForNetwork;
    private UplinkConnection? _connection;
    private bool _isNudged;
    private int _relayIndex;

    /// <param name="state">The state directory; stays the caller's.</param>
    /// <param name="handler">Takes what comes.</param>
    /// <param name="options">Settings.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    public RelayUplink(AgentState state, IUplinkHandler handler, UplinkOptions options, ILoggerFactory loggers, TimeProvider time)
        : this(state, handler, options, loggers, time, null)
    {
    }

    internal RelayUplink(
        AgentState state,
        IUplinkHandler handler,
        UplinkOptions options,
        ILoggerFactory loggers,
        TimeProvider time,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(time);
        if (options.Software.Length is 0 or > AttachClaims.MaxSoftwareCharacters)
        {
            throw new ArgumentException(
                $"Software '{options.Software}' must have 1 to {AttachClaims.MaxSoftwareCharacters} characters.", nameof(options));
        }

        _state = state;
        _handler = handler;
        _options = options;
        _relays = options.Relays.Count > 0 ? options.Relays : state.Enrolment.Relays;
        _time = time;
        _logger = loggers.CreateLogger<RelayUplink>();
        _resolver = new RelayResolver(time, resolve);
        _jitter = options.Jitter ?? Random.Shared.NextDouble;
    }

    /// <summary>Runs until cancelled; then the session ends with Detached.</summary>
    /// <exception cref="UplinkFatalException">Refused for good.</exception>
    /// <exception cref="AgentStateException">The state directory can't be written.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            RequireOwnCertificate();
            var (made, end) = await AttemptAsync(cancellationToken);
            using var connection = made;
            if (cancellationToken.IsCancellationRequested)
            {
                _handler.OnDetached(SessionOf(connection), end, null);
                return;
            }

            var decision = Decide(connection, end, ref failures);
            _handler.OnDetached(SessionOf(connection), end, decision.IsFatal ? null : decision.Delay);
            if (connection?.StateFault is { } fault)
            {
                throw fault;
            }

            if (decision.IsFatal)
            {
                throw new UplinkFatalException(end, UplinkAdvice.Explain(end, _time.GetUtcNow()));
            }

            // What the edge itself said was said over a network that works: another network changes nothing about it.
            _isWaitForNetwork = !end.IsByPeer;
            if (await WaitAsync(decision.Delay, cancellationToken))
            {
                failures = 0;
            }
        }
    }

    /// <summary>
    /// The network has changed: whatever is under way, a wait, a dial or a session, is given up and the next attempt begins at once. Call it
    /// when the session's own address is gone or another network became the better one.
    /// </summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _isNudged = true;
            Cancel(_attempt);
            Cancel(_wait);
            _connection?.Close(Reason.Detached, "The network has changed.");
        }
    }

    /// <summary>
    /// The network may be back: a wait for it ends now. A dial or a session that is under way goes on, and so does a wait that the edge's own words
    /// caused: two processes with one certificate would drive each other round with every interface that they set up.
    /// </summary>
    public void SkipWait()
    {
        lock (_gate)
        {
            if (_isWaitForNetwork)
            {
                Cancel(_wait);
            }
        }
    }

    /// <summary>The network changed in a way that the session outlives: what is known of its UDP path may be wrong now, so it is tried at once.</summary>
    public void RetryPath()
    {
        lock (_gate)
        {
            _connection?.OnNetworkChanged();
        }
    }

    // What waits for it resumes on the thread pool, never inside our lock.
    private static void Cancel(CancellationTokenSource? source) => _ = source?.CancelAsync();

    private static UplinkConnection? SessionOf(UplinkConnection? connection) => connection is { WasAttached: true } ? connection : null;

    private ReconnectDecision Decide(UplinkConnection? connection, UplinkEnd end, ref int failures)
    {
        if (end.Reason == Reason.StaleGeneration)
        {
            _state.Generations.Raise(end.LastGeneration, _time.GetUtcNow());
        }

        var decision = ReconnectPolicy.Decide(failures, end, connection?.AttachedFor ?? TimeSpan.Zero, _jitter());
        failures = decision.Failures;
        if (connection is not { WasAttached: true } || end.Reason == Reason.Draining)
        {
            _relayIndex = (_relayIndex + 1) % _relays.Count;
        }

        LogDetached(_logger, end.Reason, end.IsByPeer, decision.Delay.TotalSeconds);
        return decision;
    }

    private async Task<(UplinkConnection? Connection, UplinkEnd End)> AttemptAsync(CancellationToken cancellationToken)
    {
        var relay = _relays[_relayIndex];
        using var attempt = BeginAttempt(cancellationToken);
        UplinkConnection? connection = null;
        try
        {
            await using var tls = await DialAsync(relay, attempt.Token);
            if (CertificateProfile.ReadIdentity(tls.PeerCertificate!, out var edge) != Reason.None)
            {
                return (null, new UplinkEnd(Reason.CertificateMalformed, "", false));
            }

            connection = new UplinkConnection(tls, new EdgeId(edge.Name), _state, _handler, _options, _time, _logger);
            if (!Publish(connection))
            {
                connection.Dispose();
                return (null, new UplinkEnd(Reason.Detached, "The network has changed.", false));
            }

            return (connection, await connection.RunAsync(cancellationToken));
        }
        catch (DialException e)
        {
            return (connection, new UplinkEnd(e.Reason, e.Message, false));
        }
        catch (SocketException e)
        {
            return (connection, new UplinkEnd(Reason.ConnectionLost, $"Resolving {relay.Host} failed: {SocketErrorText.Describe(e.SocketErrorCode)}.", false));
        }
        catch (OperationCanceledException) when (attempt.IsCancellationRequested)
        {
            return (connection, new UplinkEnd(Reason.Detached, "", false));
        }
        finally
        {
            EndAttempt();
        }
    }

    private async Task<TlsConnection> DialAsync(RelayAddress relay, CancellationToken cancellationToken)
    {
        var addresses = await _resolver.ResolveAsync(relay, cancellationToken);
        for (var i = 0; ; i++)
        {
            _handler.OnConnecting(relay, addresses[i]);
            try
            {
                var options = new TlsDialOptions
                {
                    Host = addresses[i].ToString(),
                    Port = relay.Port,
                    ServerName = relay.Host,
                    Alpn = _state.Identity.Role == PeerRole.Node ? Alpn.Node : Alpn.Device,
                    ServerRole = PeerRole.Edge,
                    InstallationRoot = _state.Enrolment.InstallationRoot,
                    Own = _state.Enrolment.Credentials,
                    ConnectTimeout = _options.ConnectTimeout,
                };
                var connection = await TlsDialer.DialAsync(options, _time, cancellationToken);
                _resolver.Answered(relay, addresses[i]);
                return connection;
            }
            catch (DialException e) when (i < addresses.Count - 1)
            {
                // An operating failure of one address; the name has more.
                LogAddressFailed(_logger, e.Message);
            }
        }
    }

    // A certificate that is over is fatal without asking anybody; one that is not valid yet may be a clock that will be set.
    private void RequireOwnCertificate()
    {
        var certificate = _state.Enrolment.Credentials.Certificate;
        var now = _time.GetUtcNow();
        if (now > certificate.NotAfter.ToUniversalTime())
        {
            throw new UplinkFatalException(
                new UplinkEnd(Reason.CertificateExpired, "", false),
                $"The certificate in {_state.Directory} expired on {certificate.NotAfter.ToUniversalTime():u}, the clock says {now.UtcDateTime:u}. Enrol again into an empty state directory.");
        }
    }

    private CancellationTokenSource BeginAttempt(CancellationToken cancellationToken)
    {
        var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            _attempt = attempt;
            _isNudged = false;
        }

        return attempt;
    }

    private bool Publish(UplinkConnection connection)
    {
        lock (_gate)
        {
            _connection = _isNudged ? null : connection;
            return !_isNudged;
        }
    }

    private void EndAttempt()
    {
        lock (_gate)
        {
            _attempt = null;
            _connection = null;
        }
    }

    /// <returns>True when a nudge cut the wait short.</returns>
    private async Task<bool> WaitAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            if (_isNudged)
            {
                return true;
            }

            _wait = wait;
        }

        try
        {
            await Task.Delay(delay, _time, wait.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            // Expected: a nudge, or the end of the whole.
            return true;
        }
        finally
        {
            lock (_gate)
            {
                _wait = null;
            }
        }
    }
}
