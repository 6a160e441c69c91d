using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.State;
using OrleansUem.Transport;
using OrleansUem.Transport.Control;
using Channels = System.Threading.Channels;

namespace OrleansUem.Silo.Control;

/// <summary>
/// The life of one edge's control link:
/// <code>
///   edge                         this                                edge grain
///    | &lt;-- HELLO ----------------- |                                    |
///    | --- LinkStart ------------&gt; | --- Link(process, last cut) -----&gt; |  removed: CertificateRevoked
///    | &lt;-- LinkStarted + cuts ---- | &lt;-- cuts ------------------------- |
///    | --- requests -------------&gt; | EdgeRequests ... every 10 s Refresh|
///    | &lt;-- requests -------------- | &lt;-- observer --------------------- |
///    | --- close or loss --------&gt; | --- Unlink ----------------------&gt; |
/// </code>
/// Requests of the edge wait until it acknowledged the cuts that did not fit into LinkStarted.
/// </summary>
internal sealed partial class ControlLinkHost : IFrameHandler, IControlRequestHandler, IDisposable
{
    /// <summary>How often the registration is refreshed; the edge grain forgets a link after 35 s (IEdgeGrain.RefreshAsync).</summary>
    public static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(10);

    private readonly EdgePeer _peer;
    private readonly SiloState _state;
    private readonly EdgeRequests _requests;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FrameConnection _connection;
    private readonly ControlLink _link;
    private readonly EdgeGuard _guard;
    private readonly LookupMeter _meter;
    private readonly IEdgeGrain _grain;
    private readonly EdgeLinkObserver _observer;
    private readonly string _linkId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly TaskCompletionSource _isCaughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Cut> _cutsToFollow = [];

    // What asks for a refresh while one is due asks for the same.
    private readonly Channels.Channel<bool> _refreshes = Channels.Channel.CreateBounded<bool>(
        new Channels.BoundedChannelOptions(1) { FullMode = Channels.BoundedChannelFullMode.DropWrite });

    private EdgeLinkStart? _start;
    private IEdgeLink? _reference;
    private ulong _linkedCut;

    public ControlLinkHost(
        EdgePeer peer, FrameConnection connection, SiloState state, EdgeRequests requests, IGrainFactory grains, TimeProvider time, ILogger logger)
    {
        _peer = peer;
        _connection = connection;
        _state = state;
        _requests = requests;
        _grains = grains;
        _time = time;
        _logger = logger;
        _link = new ControlLink(ControlSide.Silo, (type, body) => connection.TrySend(type, Channel.Session, body), this, time);
        _guard = new EdgeGuard(peer.Edge, (tenant, tag) => state.IsTenantTag(tenant, tag.Span));
        _meter = new LookupMeter(time);
        _grain = grains.GetGrain<IEdgeGrain>(GrainKeys.Edge(peer.Edge));
        _observer = new EdgeLinkObserver(_link, _grain, fault => LogAnswerLost(_logger, fault, _peer.Edge.Text));
    }

    /// <summary>The edge.</summary>
    public EdgePeer Peer => _peer;

    /// <summary>Whether LinkStart was answered and the link lives.</summary>
    public bool IsLinked => _link.IsLinked;

    /// <summary>Runs the link to its end.</summary>
    /// <param name="stopping">Closes with Draining.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        _connection.TrySend(FrameType.Hello, Channel.Session, Hellos.Create(_state, _time));
        using var timeout = new CancellationTokenSource(ControlLinkLimits.StartTimeout, _time);
        using var registration = timeout.Token.UnsafeRegister(
            static state =>
            {
                var host = (ControlLinkHost)state!;
                if (!host._link.IsLinked)
                {
                    host._connection.Close(Reason.HandshakeTimeout, "No LinkStart.");
                }
            },
            this);

        _reference = _grains.CreateObjectReference<IEdgeLink>(_observer);
        try
        {
            var registered = KeepRegisteredAsync();
            var end = await _connection.RunAsync(this, stopping);
            _link.End(end.Reason == Reason.None ? Reason.ConnectionLost : end.Reason);
            LogEnded(_logger, _peer.Edge.Text, end.Reason);
            await registered;
            if (_start is not null)
            {
                await UnlinkAsync();
            }
        }
        finally
        {
            _link.End(Reason.ConnectionLost);
            _isCaughtUp.TrySetCanceled(CancellationToken.None);
            _grains.DeleteObjectReference<IEdgeLink>(_reference);

            // The grains hold the observer weakly; this is what holds it until here.
            GC.KeepAlive(_observer);
        }
    }

    /// <summary>Registers the link once more without waiting for the interval: grains may have lost what they knew.</summary>
    public void RefreshSoon() => _refreshes.Writer.TryWrite(true);

    /// <summary>Ends the link, when the edge was removed.</summary>
    public void Close(Reason reason, string detail) => _connection.Close(reason, detail);

    /// <inheritdoc/>
    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload) =>
        header.Channel.IsSession ? _link.OnFrame(header.Type, payload) : Reason.UnexpectedFrame;

    /// <inheritdoc/>
    public Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken ended)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.BodyCase == ControlRequest.BodyOneofCase.LinkStart

            // Handshakes and signatures take a millisecond: off the read loop.
            ? Task.Run(() => StartAsync(request.LinkStart), ended)
            : Task.Run(() => ServeAsync(request, ended), ended);
    }

    /// <inheritdoc/>
    public void OnFault(Exception fault) => LogRequestFailed(_logger, fault, _peer.Edge.Text);

    /// <inheritdoc/>
    public void Dispose()
    {
        _link.Dispose();
        _connection.Dispose();
    }

    private async Task<ControlAnswer> ServeAsync(ControlRequest request, CancellationToken ended)
    {
        await _isCaughtUp.Task.WaitAsync(ended);
        try
        {
            return await _requests.HandleAsync(_guard, _meter, request);
        }
        catch (TimeoutException e)
        {
            LogGrainLate(_logger, e, _peer.Edge.Text, request.BodyCase);
            return ControlBodies.Refusal(Reason.ControlTimeout);
        }
    }

    private async Task<ControlAnswer> StartAsync(LinkStart start)
    {
        if (start.Version is < ProtocolVersion.Oldest or > ProtocolVersion.Current)
        {
            return Fail(Reason.UnsupportedVersion, $"Versions {ProtocolVersion.Oldest}..{ProtocolVersion.Current} are spoken here.");
        }

        if (start.ProcessId.Length != ControlLinkLimits.ProcessIdBytes || start.LastCut > long.MaxValue)
        {
            return Fail(Reason.MalformedFrame, "process_id or last_cut.");
        }

        _start = new EdgeLinkStart
        {
            LinkId = _linkId,
            SiloId = _state.Name.Text,
            ProcessId = Convert.ToHexStringLower(start.ProcessId.Span),
            LastCut = start.LastCut,
            CertificateSha256 = _peer.CertificateSha256,
            KeySha256 = _peer.KeySha256,
            Address = _peer.Address,
        };
        var linked = await _grain.LinkAsync(_start, _reference!);
        if (linked.Reason != Reason.None)
        {
            return Fail(linked.Reason, linked.Reason == Reason.CertificateRevoked ? "The edge was removed, or joined again with another key." : "");
        }

        var answer = LinkStarts.Create(_state.Name, _time.GetUtcNow(), linked, _cutsToFollow);
        _linkedCut = answer.LinkStarted.LastCut;
        LogLinked(_logger, _peer.Edge.Text, linked.Cuts.Length, linked.Resync);
        return answer;
    }

    // CLOSE says it all; the answer would arrive just before it.
    private ControlAnswer Fail(Reason reason, string detail)
    {
        _connection.Close(reason, detail);
        return ControlBodies.Refusal(reason, detail);
    }

    private async Task KeepRegisteredAsync()
    {
        try
        {
            if (!await _link.WhenLinked)
            {
                return;
            }

            await CatchUpAsync();
            using var timer = _time.CreateTimer(static state => ((ControlLinkHost)state!).RefreshSoon(), this, RefreshInterval, RefreshInterval);
            await foreach (var _ in _refreshes.Reader.ReadAllAsync(_link.Ended))
            {
                await RefreshAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: the link ended.
        }
        catch (Exception e)
        {
            // A fault of ours: without its registration the link is of no use to grains.
            OnFault(e);
            _connection.Close(Reason.InternalError);
        }
    }

    // The cuts that did not fit into LinkStarted go out first, in order; what the edge asks meanwhile waits.
    private async Task CatchUpAsync()
    {
        var waiting = _cutsToFollow.Select(cut => (cut.Sequence, Answer: _link.RequestAsync(new ControlRequest { Cut = cut }))).ToList();
        _observer.Start(_linkedCut);
        foreach (var (sequence, answering) in waiting)
        {
            var answer = await answering;
            if (answer.Reason != 0)
            {
                _connection.Close(ReasonText.FromWire(answer.Reason), "A cut was not applied.");
                return;
            }

            _observer.Applied(sequence);
        }

        _cutsToFollow.Clear();
        _isCaughtUp.TrySetResult();
    }

    private async Task RefreshAsync()
    {
        try
        {
            var refreshed = await _grain.RefreshAsync(_start! with { LastCut = _observer.LastCut }, _reference!);
            if (refreshed.Reason != Reason.None)
            {
                _connection.Close(refreshed.Reason, "The edge was removed.");
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The edge grain is late or storage fails; the next round tries again, and the grain forgets the link after three and a half.
            LogRefreshFailed(_logger, e, _peer.Edge.Text);
        }
    }

    private async Task UnlinkAsync()
    {
        try
        {
            await _grain.UnlinkAsync(_linkId);
        }
        catch (Exception e)
        {
            // The silo stops, or the grain is late: it forgets the link by itself.
            LogRefreshFailed(_logger, e, _peer.Edge.Text);
        }
    }
}
