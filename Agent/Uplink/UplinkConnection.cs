using System.Buffers;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// One connection from TLS to its end: runs <see cref="UplinkMachine"/> over a <see cref="FrameConnection"/>, and the <see cref="UplinkPath"/> that the edge offers. Frames come on the
/// read loop and on the path's thread, deadlines on a timer; the machine is under a lock, and so is what is handed on.
/// </summary>
internal sealed partial class UplinkConnection : IFrameHandler, IUplinkSession, IUplinkPathOwner, IDisposable
{
    /// <summary>How long a device waits for room in the TCP connection's queue before it drops: half of that is sent in it at 3 Mbit/s.</summary>
    private static readonly TimeSpan DeviceWaitMax = TimeSpan.FromMilliseconds(400);

    /// <summary>The same at a node, where one tunnel's full queue must not hold up the others for long: half of it is sent in it at 200 Mbit/s.</summary>
    private static readonly TimeSpan NodeWaitMax = TimeSpan.FromMilliseconds(5);

    private readonly AgentState _state;
    private readonly IUplinkHandler _handler;
    private readonly UplinkOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FrameConnection _connection;
    private readonly UplinkMachine _machine;
    private readonly Lock _gate = new();

    private volatile UplinkPath? _path;
    private ITimer? _timer;
    private UplinkEnd? _end;
    private long _attachedAt;

    public UplinkConnection(
        TlsConnection tls, EdgeId certified, AgentState state, IUplinkHandler handler, UplinkOptions options, TimeProvider time, ILogger logger)
    {
        _state = state;
        _handler = handler;
        _options = options;
        _time = time;
        _logger = logger;
        Remote = tls.RemoteEndPoint;
        Local = tls.LocalEndPoint;
        Suite = tls.Suite;
        _machine = new UplinkMachine(state.Identity.Role, certified, time.GetUtcNow());
        _connection = new FrameConnection(
            tls.Stream, new FrameConnectionOptions { SendsPings = true, Queue = options.Queue }, time, logger);
    }

    public EdgeId Edge => _machine.Edge;

    public SessionId Id => _machine.Session;

    public ulong Generation => _machine.Generation;

    public IPEndPoint Remote { get; }

    public IPEndPoint Local { get; }

    public string Suite { get; }

    public bool IsStream => _path is not { IsUp: true };

    /// <summary>Whether ATTACHED came.</summary>
    public bool WasAttached { get; private set; }

    /// <summary>How long the session was attached; zero when it never was.</summary>
    public TimeSpan AttachedFor => WasAttached ? _time.GetElapsedTime(_attachedAt) : TimeSpan.Zero;

    /// <summary>An error that the state directory gave while attaching; null for none.</summary>
    public AgentStateException? StateFault { get; private set; }

    /// <summary>Runs to the end.</summary>
    /// <returns>Why it ended.</returns>
    public async Task<UplinkEnd> RunAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static self => ((UplinkConnection)self!).Close(Reason.Detached, ""), this);
        ConnectionEnd ended;
        try
        {
            lock (_gate)
            {
                _timer = _time.CreateTimer(
                    static self => ((UplinkConnection)self!).OnTimer(), this, UplinkMachine.HelloTimeout, Timeout.InfiniteTimeSpan);
            }

            ended = await _connection.RunAsync(this, CancellationToken.None);
        }
        finally
        {
            lock (_gate)
            {
                _timer?.Dispose();
                _timer = null;
            }

            if (_path is { } path)
            {
                await path.DisposeAsync();
            }
        }

        lock (_gate)
        {
            if (ended.PeerClose is { } close)
            {
                return _machine.OnClose(close).End ?? _end ?? FromTransport(ended);
            }

            _machine.Close(ended.Reason, ended.Detail);
            return _end ?? FromTransport(ended);
        }
    }

    public bool TrySend(FrameType type, Channel channel, IMessage body) => _connection.TrySend(type, channel, body);

    public bool TrySendDatagram(Channel channel, ReadOnlySpan<byte> payload) =>
        _path is { IsUp: true } path ? path.Send(channel, payload) == 0 : _connection.TrySendDatagram(channel, payload);

    public int SendFrames(FrameBatch frames, bool mayWait) => _path is { IsUp: true } path
        ? path.Send(frames.Frames, mayWait)
        : _connection.SendFrames(frames.Frames, !mayWait ? TimeSpan.Zero : _state.Identity.Role == PeerRole.Device ? DeviceWaitMax : NodeWaitMax);

    public void OnReadEnd()
    {
        lock (Delivery)
        {
            _handler.OnBatchEnd(this);
        }
    }

    public void Close(Reason reason, string detail)
    {
        lock (_gate)
        {
            Finish(_machine.Close(reason, detail));
        }
    }

    /// <summary>After <see cref="RunAsync"/>, or instead of it.</summary>
    public void Dispose() => _connection.Dispose();

    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        UplinkEffect effect;
        lock (_gate)
        {
            effect = _machine.OnFrame(header, payload, _time.GetUtcNow());
        }

        lock (Delivery)
        {
            return Carry(effect, header, payload);
        }
    }

    private Reason Carry(in UplinkEffect effect, in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        switch (effect.Kind)
        {
            case UplinkEffectKind.Deliver when effect.Body is null:
                _handler.OnDatagram(this, header.Channel, payload);
                return Reason.None;
            case UplinkEffectKind.Deliver:
                return _handler.OnControl(this, header.Type, header.Channel, effect.Body);
            case UplinkEffectKind.SendAttach:
                return SendAttach();
            case UplinkEffectKind.Attached:
                OnAttached();
                return Reason.None;
            case UplinkEffectKind.GoAway:
                OnGoAway(effect);
                return Reason.None;
            case UplinkEffectKind.End:
                Finish(effect);
                return effect.End!.Reason;
            default:
                return Reason.None;
        }
    }

    private Reason SendAttach()
    {
        var now = _time.GetUtcNow();
        ulong generation;
        try
        {
            generation = _state.Generations.Take(now);
        }
        catch (AgentStateException e)
        {
            // An operating failure: without a generation on disk an attach could repeat one.
            StateFault = e;
            Close(Reason.InternalError, "The state directory can't be written.");
            return Reason.InternalError;
        }

        var enrolment = _state.Enrolment;
        var attach = AttachClaims.Create(
            enrolment.Credentials, enrolment.TenantTag.Span, _machine.Edge, generation, now, _options.Software);
        lock (_gate)
        {
            attach.Version = _machine.Version;
            _machine.OnAttachSent(generation);
            _connection.KeepAliveInterval = _machine.KeepAlive;
            _timer?.Change(UplinkMachine.AttachTimeout, Timeout.InfiniteTimeSpan);
        }

        _connection.TrySend(FrameType.Attach, Channel.Session, attach);
        return Reason.None;
    }

    private void OnAttached()
    {
        lock (_gate)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        _connection.MaxPayloadBytes = FrameLimits.MaxPayloadBytes;
        _attachedAt = _time.GetTimestamp();
        WasAttached = true;
        _handler.OnAttached(this);
        if (_machine.PathOffer is { } offer && _options.UsesUdp && OperatingSystem.IsLinux())
        {
            _path = new UplinkPath(this, offer, Remote, PathLimits.DatagramBytesOf(_options.MtuBytes), _options.Jitter ?? Random.Shared.NextDouble, _time);
            _path.Start();
        }
    }

    private void OnGoAway(UplinkEffect effect)
    {
        var after = effect.After < ReconnectPolicy.MaxRetryAfter ? effect.After : ReconnectPolicy.MaxRetryAfter;
        _handler.OnGoAway(this, effect.Reason, after);
        lock (_gate)
        {
            // The timer's only use after ATTACHED.
            _timer?.Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            Finish(_machine.State == UplinkState.Attached
                ? _machine.Close(Reason.Draining, "The edge drains.")
                : _machine.OnTime(_time.GetUtcNow()));
        }
    }

    private void Finish(UplinkEffect effect)
    {
        if (effect.End is { } end)
        {
            _end ??= end;
            _connection.Close(end.ToClose());
        }
    }

    private static UplinkEnd FromTransport(ConnectionEnd end) => new(end.Reason, end.Detail, false);
}
