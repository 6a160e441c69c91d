using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>
/// Keeps the device's one tunnel open. Sans-IO: time and random numbers are arguments, effects are values; not for concurrent use.
/// <code>
///            attached           OPENED            configured
/// Detached ----------> Opening --------> Securing ----------> Up
///    ^  ^                |  ^               |                 |
///    |  |     REFUSED,   |  | time          | fault           | CLOSETUNNEL, fault, farewell
///    |  |     time-out   v  |               v                 v
///    |  +------------- Waiting &lt;-----------------------------+
///    |    detached                                            | Idle
///    |                  packet: Opening &lt;---- Asleep &lt;--------+
///    +--- detached, from any; asleep stays asleep until a packet comes
/// </code>
/// Every end but Idle opens the tunnel again after a back-off, which starts over once the tunnel was up for <see cref="ReconnectPolicy.StableAfter"/>.
/// A node that says farewell with a verdict on this device's certificate ends the agent: its word is authenticated end to end. An edge's word on
/// that ends the session, not the tunnel, and is judged there.
/// </summary>
internal sealed class DeviceTunnelMachine(Func<double> random)
{
    /// <summary>OPENED or REFUSED is due within this time: the edge asks a silo, the silo another edge, 10 s each (ControlTimeout).</summary>
    public static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(25);

    // An administrator's cut is not answered with a burst of attempts: the back-off starts near its end.
    private const int CutFailures = 7;

    private List<DeviceTunnelEffect> _effects = [];
    private bool _isAttached;
    private bool _isWanted = true;
    private uint _requestId;
    private int _failures;
    private DateTimeOffset _upSince;

    public DeviceTunnelState State { get; private set; }

    /// <summary>When <see cref="OnTime"/> is due; null for never.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>The tunnel's channel while <see cref="DeviceTunnelState.Securing"/> and Up.</summary>
    public Channel Channel { get; private set; }

    public IReadOnlyList<DeviceTunnelEffect> OnAttached(DateTimeOffset now)
    {
        Begin();
        _isAttached = true;
        if (State == DeviceTunnelState.Detached && _isWanted)
        {
            Open(now);
        }
        else if (State == DeviceTunnelState.Detached)
        {
            State = DeviceTunnelState.Asleep;
        }

        return _effects;
    }

    public IReadOnlyList<DeviceTunnelEffect> OnDetached()
    {
        Begin();
        _isAttached = false;
        if (State == DeviceTunnelState.Ended)
        {
            return _effects;
        }

        if (State is DeviceTunnelState.Securing or DeviceTunnelState.Up)
        {
            Add(DeviceTunnelEffectKind.StopTunnel, Reason.DeviceLost, "The session ended.");
        }

        Move(DeviceTunnelState.Detached, null);
        return _effects;
    }

    public IReadOnlyList<DeviceTunnelEffect> OnOpened(Channel channel, Opened opened)
    {
        Begin();
        if (State != DeviceTunnelState.Opening || opened.RequestId != _requestId)
        {
            // A late answer to an attempt that was given up.
            _effects.Add(new DeviceTunnelEffect(DeviceTunnelEffectKind.CloseChannel)
            {
                Channel = channel,
                Reason = Reason.ClosedByDevice,
                Detail = "Not asked for.",
            });
            return _effects;
        }

        Move(DeviceTunnelState.Securing, null);
        Channel = channel;
        _effects.Add(new DeviceTunnelEffect(DeviceTunnelEffectKind.StartTunnel)
        {
            Channel = channel,
            Node = opened.NodeId,
            TunnelId = opened.TunnelId,
        });
        return _effects;
    }

    public IReadOnlyList<DeviceTunnelEffect> OnRefused(Refused refused, DateTimeOffset now)
    {
        Begin();
        if (State == DeviceTunnelState.Opening && refused.RequestId == _requestId)
        {
            Wait(ReasonText.FromWire(refused.Reason), refused.Detail, TimeSpan.FromMilliseconds(refused.RetryAfterMs), now);
        }

        return _effects;
    }

    public IReadOnlyList<DeviceTunnelEffect> OnCloseTunnel(Channel channel, CloseTunnel close, DateTimeOffset now)
    {
        Begin();
        if (State is DeviceTunnelState.Securing or DeviceTunnelState.Up && channel == Channel)
        {
            var reason = ReasonText.FromWire(close.Reason);
            Add(DeviceTunnelEffectKind.StopTunnel, reason, close.Detail);
            EndTunnel(reason, close.Detail, now);
        }

        return _effects;
    }

    /// <summary>The end-to-end tunnel is configured.</summary>
    public IReadOnlyList<DeviceTunnelEffect> OnTunnelUp(DateTimeOffset now)
    {
        Begin();
        if (State == DeviceTunnelState.Securing)
        {
            Move(DeviceTunnelState.Up, null);
            _upSince = now;
        }

        return _effects;
    }

    /// <summary>The end-to-end tunnel ended by itself.</summary>
    public IReadOnlyList<DeviceTunnelEffect> OnTunnelEnded(Reason reason, string detail, bool isByPeer, DateTimeOffset now)
    {
        Begin();
        if (State is not (DeviceTunnelState.Securing or DeviceTunnelState.Up))
        {
            return _effects;
        }

        _effects.Add(new DeviceTunnelEffect(DeviceTunnelEffectKind.CloseChannel)
        {
            Channel = Channel,
            Reason = reason == Reason.EndToEndFailed ? reason : Reason.ClosedByDevice,
            Detail = isByPeer ? "" : detail,
        });
        if (isByPeer && reason is Reason.CertificateRevoked or Reason.CertificateSuperseded or Reason.CertificateExpired)
        {
            Move(DeviceTunnelState.Ended, null);
            Add(DeviceTunnelEffectKind.Fail, reason, detail);
            return _effects;
        }

        EndTunnel(reason, detail, now);
        return _effects;
    }

    /// <summary>A packet waits for a tunnel.</summary>
    public IReadOnlyList<DeviceTunnelEffect> OnPacketWaiting(DateTimeOffset now)
    {
        Begin();
        _isWanted = true;
        if (State == DeviceTunnelState.Asleep)
        {
            Open(now);
        }

        return _effects;
    }

    public IReadOnlyList<DeviceTunnelEffect> OnTime(DateTimeOffset now)
    {
        Begin();
        if (Deadline is not { } deadline || now < deadline)
        {
            return _effects;
        }

        if (State == DeviceTunnelState.Waiting)
        {
            Open(now);
        }
        else if (State == DeviceTunnelState.Opening)
        {
            // An edge that lives answers, if only with a refusal: the connection is dead before its keep-alive has noticed.
            Wait(Reason.ControlTimeout, "The relay did not answer OPEN.", TimeSpan.Zero, now);
            Add(DeviceTunnelEffectKind.EndSession, Reason.ControlTimeout, "No answer to OPEN.");
        }

        return _effects;
    }

    /// <summary>The agent ends.</summary>
    /// <param name="reason">What node and relay are told.</param>
    public IReadOnlyList<DeviceTunnelEffect> Stop(Reason reason)
    {
        Begin();
        if (State is DeviceTunnelState.Securing or DeviceTunnelState.Up)
        {
            Add(DeviceTunnelEffectKind.StopTunnel, reason, "The device ends its tunnel.");
            _effects.Add(new DeviceTunnelEffect(DeviceTunnelEffectKind.CloseChannel) { Channel = Channel, Reason = reason });
        }

        Move(DeviceTunnelState.Ended, null);
        return _effects;
    }

    private void EndTunnel(Reason reason, string detail, DateTimeOffset now)
    {
        if (State == DeviceTunnelState.Up && now - _upSince >= ReconnectPolicy.StableAfter)
        {
            _failures = 0;
        }

        if (reason == Reason.Idle)
        {
            _isWanted = false;
            Move(_isAttached ? DeviceTunnelState.Asleep : DeviceTunnelState.Detached, null);
            Add(DeviceTunnelEffectKind.ReportAsleep, reason, detail);
            return;
        }

        Wait(reason, detail, TimeSpan.Zero, now);
    }

    private void Wait(Reason reason, string detail, TimeSpan retryAfter, DateTimeOffset now)
    {
        _failures = reason == Reason.CutByAdmin ? Math.Max(_failures, CutFailures) : _failures;
        var wish = retryAfter < ReconnectPolicy.MaxRetryAfter ? retryAfter : ReconnectPolicy.MaxRetryAfter;
        var delay = ReconnectPolicy.BackOff(_failures++, random());
        delay = delay > wish ? delay : wish;
        Move(DeviceTunnelState.Waiting, now + delay);
        _effects.Add(new DeviceTunnelEffect(DeviceTunnelEffectKind.ReportClosed) { Reason = reason, Detail = detail, RetryIn = delay });
    }

    private void Open(DateTimeOffset now)
    {
        _isWanted = true;
        _requestId = _requestId == uint.MaxValue ? 1 : _requestId + 1;
        Move(DeviceTunnelState.Opening, now + OpenTimeout);
        _effects.Add(new DeviceTunnelEffect(DeviceTunnelEffectKind.SendOpen) { RequestId = _requestId });
    }

    private void Move(DeviceTunnelState state, DateTimeOffset? deadline)
    {
        State = state;
        Deadline = deadline;
        if (state is not (DeviceTunnelState.Securing or DeviceTunnelState.Up))
        {
            Channel = default;
        }
    }

    // Each event returns a list of its own: carrying out an effect may bring the next event.
    private void Begin() => _effects = [];

    private void Add(DeviceTunnelEffectKind kind, Reason reason, string detail) =>
        _effects.Add(new DeviceTunnelEffect(kind) { Reason = reason, Detail = detail });
}
