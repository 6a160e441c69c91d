using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Enrolment;
using OrleansUem.Silo.State;
using OrleansUem.Transport;

namespace OrleansUem.Silo.Control;

/// <summary>Accepts edges on one port: control links (mutual TLS under the installation's root) and joins, told apart by ALPN.</summary>
internal sealed partial class ControlListener(
    SiloOptions options, SiloState state, EdgeRequests requests, EdgeJoining joining, IGrainFactory grains, TimeProvider time, ILoggerFactory loggers)
    : IHostedService, IDisposable
{
    /// <summary>Control bytes queued towards an edge before it counts as a slow reader: all requests of a link with 1 KB each, four times over.</summary>
    private const int ControlQueueBytes = 16 * 1024 * 1024;

    private readonly ConcurrentDictionary<ControlLinkHost, EdgePeer> _links = new();
    private readonly ILogger _logger = loggers.CreateLogger<ControlListener>();
    private ConnectionTicker? _ticker;
    private TlsListener? _listener;

    /// <summary>Where it listens, after the start.</summary>
    public IPEndPoint LocalEndPoint => _listener!.LocalEndPoint;

    /// <summary>Links that are up, LinkStart answered.</summary>
    public int LinkCount => _links.Keys.Count(link => link.IsLinked);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ticker = new ConnectionTicker(time);
        _listener = TlsListener.Start(
            new TlsListenerOptions
            {
                EndPoint = options.Listen,
                Credentials = state.Credentials,
                Alpns = [Alpn.Control, Alpn.Join],
                MaxConnections = options.MaxConnections,
                MaxConnectionsPerAddress = options.MaxConnectionsPerAddress,
                MaxPending = options.MaxPending,
            },
            RunConnectionAsync,
            time,
            _logger);
        LogListening(_logger, _listener.LocalEndPoint);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
        }

        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _ticker?.Dispose();

    /// <summary>Registers every link once more: another silo died, and with it what its grains knew of edges.</summary>
    public void RefreshSoon()
    {
        foreach (var link in _links.Keys)
        {
            link.RefreshSoon();
        }
    }

    /// <summary>Ends every link of an edge that this silo has.</summary>
    /// <param name="edge">The edge that was removed.</param>
    /// <returns>How many.</returns>
    public int Drop(EdgeId edge)
    {
        var count = 0;
        foreach (var (link, peer) in _links)
        {
            if (peer.Edge == edge)
            {
                link.Close(Reason.CertificateRevoked, "The edge was removed.");
                count++;
            }
        }

        return count;
    }

    private Task RunConnectionAsync(TlsConnection tls, CancellationToken stopping) =>
        tls.Alpn == Alpn.Join ? RunJoinAsync(tls, stopping) : RunLinkAsync(tls, stopping);

    private async Task RunJoinAsync(TlsConnection tls, CancellationToken stopping)
    {
        using var connection = Connect(tls, FrameLimits.MaxUnattachedPayloadBytes);
        await new JoinHost(connection, state, joining, time, _logger).RunAsync(stopping);
    }

    private async Task RunLinkAsync(TlsConnection tls, CancellationToken stopping)
    {
        using var connection = Connect(tls, FrameLimits.MaxPayloadBytes);
        var reason = Identify(tls, out var peer);
        if (reason != Reason.None)
        {
            LogRefused(_logger, tls.RemoteEndPoint, reason);
            connection.Close(reason);
            await connection.RunAsync(Deaf.Instance, stopping);
            return;
        }

        tls.Pending?.Leave();
        using var link = new ControlLinkHost(peer!, connection, state, requests, grains, time, _logger);
        _links.TryAdd(link, peer!);
        try
        {
            await link.RunAsync(stopping);
        }
        finally
        {
            _links.TryRemove(link, out _);
        }
    }

    private FrameConnection Connect(TlsConnection tls, int maxPayloadBytes) => new(
        tls.Stream,
        new FrameConnectionOptions
        {
            Ticker = _ticker,
            Queue = new SendQueueLimits { ControlBytes = ControlQueueBytes },
            MaxPayloadBytes = maxPayloadBytes,
            KeepAliveInterval = ControlLinkLimits.KeepAlive,
        },
        time,
        _logger);

    private Reason Identify(TlsConnection tls, out EdgePeer? peer)
    {
        peer = null;
        if (tls.PeerCertificate is not { } certificate)
        {
            return Reason.CertificateMissing;
        }

        var reason = CertificateProfile.Verify(certificate, state.Credentials.Root, PeerRole.Edge, time.GetUtcNow(), out var identity);
        if (reason != Reason.None)
        {
            return reason;
        }

        peer = new EdgePeer(
            EdgeId.Parse(identity.Name),
            Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span)),
            Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())),
            tls.RemoteEndPoint.ToString());
        return Reason.None;
    }

    // Reads and drops while CLOSE is under way.
    private sealed class Deaf : IFrameHandler
    {
        public static readonly Deaf Instance = new();

        public Reason OnFrame(in FrameHeader header, in System.Buffers.ReadOnlySequence<byte> payload) => Reason.None;
    }
}
