using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// Accepts TLS connections on a socket of its own rather than Kestrel's: Kestrel's transport puts a pipe and a thread hop into each direction
/// below TLS, which would be a second queue below ours and out of reach of its fairness, and costs CPU for each write. Every handshake asks
/// for a client certificate and accepts any or none: a handshake proves possession of a key only, the code above judges the chain by role and tenant.
/// </summary>
public sealed partial class TlsListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptRetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly TlsListenerOptions _options;
    private readonly Func<TlsConnection, CancellationToken, Task> _handler;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly SslStreamServer _tls;
    private readonly HandshakeThreads _threads;
    private readonly bool _ownsThreads;
    private readonly PendingConnections _pending;
    private readonly AddressLimiter _addresses;
    private readonly ConnectionBudget.Share? _budget;
    private readonly CancellationTokenSource _stopAccepting = new();
    private readonly CancellationTokenSource _stopConnections = new();
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _allEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _accepting;
    private int _connections;
    private bool _isStopping;

    private TlsListener(
        TlsListenerOptions options, Func<TlsConnection, CancellationToken, Task> handler, Socket socket, TimeProvider time, ILogger logger)
    {
        _options = options;
        _handler = handler;
        _time = time;
        _logger = logger;
        _socket = socket;
        _tls = new SslStreamServer(options.Credentials.Certificate, options.Alpns);
        _ownsThreads = options.Threads is null;
        _threads = options.Threads ?? new HandshakeThreads();
        _pending = new PendingConnections(options.MaxPending, time);
        _addresses = new AddressLimiter(options.MaxConnectionsPerAddress);
        _budget = options.Budget?.CreateShare();
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens; the port that was taken for port 0.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Connections now, pending ones included.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections that are not admitted yet.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Binds and starts to accept.</summary>
    /// <param name="options">Where, and limits.</param>
    /// <param name="handler">
    /// Runs one connection to its end; the connection is disposed after it. Its token is cancelled when the listener is disposed.
    /// </param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets failed handshakes at Debug.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="IOException">The address can't be bound; the text names it.</exception>
    public static TlsListener Start(
        TlsListenerOptions options, Func<TlsConnection, CancellationToken, Task> handler, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        var socket = new Socket(options.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (options.EndPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(options.EndPoint);
            socket.Listen(options.Backlog);
            return new TlsListener(options, handler, socket, time, logger);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"Listening on {options.EndPoint} failed: {Advise(e.SocketErrorCode)}", e);
        }
    }

    private static string Advise(SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => "another process has this port. Stop that, or listen elsewhere.",
        SocketError.AddressNotAvailable => "no interface of this machine has this address.",
        SocketError.AccessDenied => "not permitted; a port below 1024 needs root or CAP_NET_BIND_SERVICE.",
        _ => $"{error}.",
    };

    /// <summary>Closes the listening socket; connections go on.</summary>
    public async Task StopAcceptingAsync()
    {
        await _stopAccepting.CancelAsync();
        _socket.Dispose();
        await _accepting;
    }

    /// <summary>Stops accepting, tells the connections to end and waits until they have.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAcceptingAsync();
        await _stopConnections.CancelAsync();
        lock (_lock)
        {
            _isStopping = true;
            if (_connections == 0)
            {
                _allEnded.TrySetResult();
            }
        }

        await _allEnded.Task;
        if (_ownsThreads)
        {
            _threads.Dispose();
        }

        _stopAccepting.Dispose();
        _stopConnections.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopAccepting.IsCancellationRequested)
        {
            try
            {
                await AcceptOneAsync();
            }
            catch (Exception e) when (_stopAccepting.IsCancellationRequested
                && e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // Expected: the listener stops.
                return;
            }
            catch (SocketException e)
            {
                // The peer went away before it was accepted, or the process is out of descriptors: the latter passes, and must not spin.
                LogAcceptFailed(_logger, e.SocketErrorCode);
                await Task.Delay(AcceptRetryDelay, _time, CancellationToken.None);
            }
        }
    }

    private async Task AcceptOneAsync()
    {
        var socket = await _socket.AcceptAsync(_stopAccepting.Token);
        var address = (socket.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is null || !TryTakePlace(address))
        {
            Refuse(socket);
            return;
        }

        if (!_pending.TryAdd(address, out var pending))
        {
            ReleasePlace(address);
            Refuse(socket);
            return;
        }

        Interlocked.Increment(ref _connections);
        pending.OnDisplaced(() => ShutDown(socket));

        // It only begins here: until the peer has said something there is nothing to compute, and that is done by other threads.
        _ = RunConnectionAsync(socket, address, pending);
    }

    private bool TryTakePlace(IPAddress address)
    {
        if (Volatile.Read(ref _connections) >= _options.MaxConnections || _budget?.TryTake() == false)
        {
            return false;
        }

        if (_addresses.TryTake(address))
        {
            return true;
        }

        _budget?.Release();
        return false;
    }

    private void ReleasePlace(IPAddress address)
    {
        _addresses.Release(address);
        _budget?.Release();
    }

    // Not Dispose: what reads it now or next sees the end of the stream, as if the peer had gone.
    private static void ShutDown(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Expected: it is over already.
        }
    }

    private void Refuse(Socket socket)
    {
        _options.Events?.OnRefused(Reason.TooManyConnections);
        socket.Dispose();
    }

    private async Task RunConnectionAsync(Socket socket, IPAddress address, PendingConnection pending)
    {
        try
        {
            if (await HandshakeAsync(socket, pending) is { } connection)
            {
                await using (connection)
                {
                    await _handler(connection, _stopConnections.Token);
                }
            }
        }
        catch (Exception e)
        {
            // A fault of ours in the handler: it ends this connection and nothing else.
            LogHandlerFault(_logger, e);
        }
        finally
        {
            pending.Leave();
            ReleasePlace(address);
            lock (_lock)
            {
                if (Interlocked.Decrement(ref _connections) == 0 && _isStopping)
                {
                    _allEnded.TrySetResult();
                }
            }
        }
    }

    private async Task<TlsConnection?> HandshakeAsync(Socket socket, PendingConnection pending)
    {
        Stream stream = new SocketStream(socket);
        using var timeout = new CancellationTokenSource(_options.HandshakeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopConnections.Token);
        Reason reason;
        try
        {
            TlsSettings.Tune(socket);
            var hello = await ClientHello.ReadAsync(socket, either.Token);
            reason = Reason.HandshakeFailed;
            if (hello.Count > 0)
            {
                pending.HeardPeer();
                var inTurn = new HandshakeStream(stream, hello, pending, _threads);
                stream = inTurn;
                var server = _options.Tls13 is { } own && ClientHello.OffersTls13(hello) ? own : _tls;
                await _threads.TakeTurn(pending.Address);
                either.Token.ThrowIfCancellationRequested();

                // Back to the thread pool: what follows is the session's.
                var tls = await server.AuthenticateAsync(inTurn, either.Token).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                stream = tls.Stream;
                inTurn.EndHandshake();
                pending.AwaitPeer();
                if (tls.Alpn.Length > 0)
                {
                    _options.Events?.OnHandshake(Reason.None);
                    return new TlsConnection(tls, socket) { Pending = pending };
                }

                reason = Reason.UnsupportedAlpn;
            }
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            // A fault of the peer or the network, the limit, or the listener stops.
            reason = pending.IsDisplaced ? Reason.HandshakeDisplaced
                : timeout.IsCancellationRequested ? Reason.HandshakeTimeout
                : e is not AuthenticationException ? Reason.ConnectionLost
                : HandshakeFaults.IsAboutAlpn(e) ? Reason.UnsupportedAlpn
                : Reason.HandshakeFailed;
            LogHandshakeFailed(_logger, reason, (e.InnerException ?? e).Message);
        }

        _options.Events?.OnHandshake(reason);
        await stream.DisposeAsync();
        return null;
    }
}
