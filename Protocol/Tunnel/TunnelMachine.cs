using System.Diagnostics;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>
/// One end of a tunnel above the end-to-end DTLS, without clock, socket or DTLS object. Times are milliseconds of any monotonic clock that
/// never goes back; the same clock for all calls. Not for concurrent use.
/// <code>
///                 Secured                    Configuration complete (device)
///  AwaitSecure ------------> Configuring -----------------------------------> Up
///       |                         |          first ConfigureRequest (node)     |
///       | Close, SecureTimeout    | Close, Farewell, fault, ConfigureTimeout   | Close, Farewell, fault, no answer to probes
///       +-------------------------+-----------------+--------------------------+
///                                                   v
///                                                Closed
/// </code>
/// After every call the caller takes the effects (<see cref="TryTakeEffect"/>) and looks at <see cref="NextDeadline"/>. Packets do not pass through the machine: while the tunnel is up the data path sends and
/// takes what is IPv4 and no longer than <see cref="MtuBytes"/>, counts it, and calls <see cref="Watch"/> for the first packet after a rest. An idle tunnel that is up has no deadline: the far end is probed only when
/// packets go out and nothing comes back.
/// </summary>
public sealed class TunnelMachine
{
    private readonly Queue<TunnelEffect> _effects = new();
    private readonly ConfigurationAssembler _assembler = new();
    private IReadOnlyList<byte[]> _answer = [];
    private TunnelConfiguration? _offer;
    private (Reason Reason, string Detail)? _refusal;
    private long _giveUpAt;
    private long _resendAt = long.MaxValue;
    private long _resendInterval = TunnelLimits.ConfigureInterval;
    private FarEndWatch _watch = new();
    private ulong _probeValue;
    private bool _isStream;
    private long _hopToldAt;

    /// <summary>Begins to wait for the handshake.</summary>
    /// <param name="role">Which end this is.</param>
    /// <param name="mtuBytesMax">The largest packet that this end can carry, <see cref="TunnelLimits.MtuBytesMin"/>..<see cref="TunnelLimits.MtuBytesMax"/>.</param>
    /// <param name="nowMilliseconds">The time.</param>
    /// <exception cref="ArgumentOutOfRangeException">Role or MTU is out of its range.</exception>
    public TunnelMachine(TunnelRole role, int mtuBytesMax, long nowMilliseconds)
    {
        if (role is not (TunnelRole.Device or TunnelRole.Node))
        {
            throw new ArgumentOutOfRangeException(nameof(role), role, "A tunnel has a device and a node.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytesMax, TunnelLimits.MtuBytesMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtuBytesMax, TunnelLimits.MtuBytesMax);
        Role = role;
        MtuBytes = mtuBytesMax;
        Rekey = new RekeyMachine(role, _effects);
        _giveUpAt = nowMilliseconds + TunnelLimits.SecureTimeout;
    }

    /// <summary>Which end this is.</summary>
    public TunnelRole Role { get; }

    /// <summary>Where the tunnel is in its life.</summary>
    public TunnelState State { get; private set; }

    /// <summary>The largest packet that passes: this end's own bound until the tunnel is up, then the agreed one.</summary>
    public int MtuBytes { get; private set; }

    /// <summary>The agreed configuration; null until the tunnel is up.</summary>
    public TunnelConfiguration? Configuration { get; private set; }

    /// <summary>Renews the keys of a tunnel that is up.</summary>
    public RekeyMachine Rekey { get; }

    /// <summary>Whether the far end's datagrams go over a stream, by its own word.</summary>
    public bool IsFarEndOnStream { get; private set; }

    /// <summary>Whether the far end is being watched: the traffic's next packet needs no <see cref="Watch"/>.</summary>
    public bool IsWatching => !_watch.IsAtRest;

    /// <summary>When <see cref="OnDeadline"/> is due; <see cref="long.MaxValue"/>: never, as things are.</summary>
    public long NextDeadline => Math.Min(Math.Min(_giveUpAt, _resendAt), Math.Min(_watch.DueAt, Rekey.NextDeadline));

    /// <summary>Takes the next effect.</summary>
    /// <param name="effect">The effect.</param>
    /// <returns>False when there is none.</returns>
    public bool TryTakeEffect(out TunnelEffect effect) => _effects.TryDequeue(out effect);

    /// <summary>The device's handshake ended and its checks passed. Ignored unless the machine waits for it.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    public void SecuredAtDevice(long nowMilliseconds)
    {
        Debug.Assert(Role == TunnelRole.Device, "The node gives an offer.");
        if (State == TunnelState.AwaitSecure)
        {
            State = TunnelState.Configuring;
            _giveUpAt = nowMilliseconds + TunnelLimits.ConfigureTimeout;
            SendConfigureRequest(nowMilliseconds);
        }
    }

    /// <summary>The node's handshake ended and its checks passed. Ignored unless the machine waits for it.</summary>
    /// <param name="offer">What the device gets; its MTU is lowered to the device's and this end's.</param>
    /// <param name="nowMilliseconds">The time.</param>
    /// <exception cref="ArgumentException">The offer has a fault; the text names it.</exception>
    public void SecuredAtNode(TunnelConfiguration offer, long nowMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(offer);
        Debug.Assert(Role == TunnelRole.Node, "The device gets the offer.");
        if (offer.FindFault() is { } fault)
        {
            throw new ArgumentException($"The tunnel configuration is not usable: {fault}.", nameof(offer));
        }

        if (State == TunnelState.AwaitSecure)
        {
            State = TunnelState.Configuring;
            _offer = offer;
            _giveUpAt = nowMilliseconds + TunnelLimits.ConfigureTimeout;
        }
    }

    /// <summary>
    /// The node's handshake ended, but it gives no configuration. It says so when the device asks: a farewell sent at once might overtake the
    /// end of the handshake and be lost. Ignored unless the machine waits for the handshake.
    /// </summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">Words for people.</param>
    /// <param name="nowMilliseconds">The time.</param>
    public void RefuseAtNode(Reason reason, string detail, long nowMilliseconds)
    {
        Debug.Assert(Role == TunnelRole.Node, "The device is refused.");
        if (State == TunnelState.AwaitSecure)
        {
            State = TunnelState.Configuring;
            _refusal = (reason, detail);
            _giveUpAt = nowMilliseconds + TunnelLimits.ConfigureTimeout;
        }
    }

    /// <summary>Takes the content of one record that the DTLS session authenticated.</summary>
    /// <param name="plaintext">Any bytes.</param>
    /// <param name="nowMilliseconds">The time.</param>
    /// <returns>Whether it is a packet for the TUN, or why it was dropped.</returns>
    public TunnelInput Receive(ReadOnlySpan<byte> plaintext, long nowMilliseconds)
    {
        if (State is TunnelState.AwaitSecure or TunnelState.Closed)
        {
            return TunnelInput.Dropped(DropReason.NoTunnel);
        }

        if (TunnelCodec.IsIpv4(plaintext))
        {
            return State != TunnelState.Up ? TunnelInput.Dropped(DropReason.NoTunnel)
                : plaintext.Length > MtuBytes ? TunnelInput.Dropped(DropReason.Oversize)
                : TunnelInput.Packet;
        }

        if (plaintext.IsEmpty || plaintext[0] != TunnelCodec.ControlByte)
        {
            return TunnelInput.Dropped(DropReason.MalformedPacket);
        }

        if (TunnelCodec.TryDecode(plaintext, out var control) != Reason.None)
        {
            Fail(Reason.MalformedFrame, "a control payload of the tunnel does not parse");
            return TunnelInput.Control;
        }

        ReceiveControl(control!, nowMilliseconds);
        return TunnelInput.Control;
    }

    /// <summary>A packet was sent while the far end was not watched. Without effect unless the tunnel is up and <see cref="IsWatching"/> is false.</summary>
    /// <param name="traffic">That packet included.</param>
    /// <param name="nowMilliseconds">The time.</param>
    public void Watch(TunnelTraffic traffic, long nowMilliseconds)
    {
        if (State == TunnelState.Up && !IsWatching)
        {
            _watch.Begin(traffic, nowMilliseconds);
        }
    }

    /// <summary>This end's datagrams go over a stream, or over UDP, from now on; the far end is told when that is news to it.</summary>
    /// <param name="isStream">Whether it is a stream.</param>
    /// <param name="nowMilliseconds">The time.</param>
    /// <returns>False when the tunnel is not up: to be said again.</returns>
    public bool TellHop(bool isStream, long nowMilliseconds)
    {
        if (State != TunnelState.Up)
        {
            return false;
        }

        if (_isStream != isStream)
        {
            _isStream = isStream;
            SendHop(nowMilliseconds);
        }

        return true;
    }

    /// <summary>Several packets came in one record. An end whose hop is no stream says so again, no sooner than <see cref="TunnelLimits.HopNoticeInterval"/> after the last time.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    public void PackedArrived(long nowMilliseconds)
    {
        if (State == TunnelState.Up && !_isStream && nowMilliseconds - _hopToldAt >= TunnelLimits.HopNoticeInterval)
        {
            SendHop(nowMilliseconds);
        }
    }

    /// <summary>Acts on whatever is due. Too early a call does nothing.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    /// <param name="traffic">As it is.</param>
    public void OnDeadline(long nowMilliseconds, TunnelTraffic traffic)
    {
        if (State == TunnelState.Closed)
        {
            return;
        }

        if (nowMilliseconds >= _giveUpAt)
        {
            Fail(
                Reason.EndToEndFailed,
                State == TunnelState.AwaitSecure
                    ? "the end-to-end handshake took too long"
                    : Role == TunnelRole.Device ? "the node gave no configuration" : "the device asked for no configuration");
            return;
        }

        if (nowMilliseconds >= _resendAt)
        {
            SendConfigureRequest(nowMilliseconds);
        }

        Rekey.OnDeadline(nowMilliseconds);
        if (nowMilliseconds >= _watch.DueAt)
        {
            LookAtFarEnd(traffic, nowMilliseconds);
        }
    }

    /// <summary>Ends the tunnel from this side: a farewell when there is somebody to read it, then <see cref="TunnelEffectKind.Closed"/>.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">Words for people.</param>
    public void Close(Reason reason, string detail) => Fail(reason, detail);

    /// <summary>The far end closed the DTLS session without a farewell, or its farewell was lost.</summary>
    /// <param name="detail">Words for people.</param>
    public void PeerClosed(string detail) => End(OtherSideClosed, detail, isByPeer: true);

    private Reason OtherSideClosed => Role == TunnelRole.Device ? Reason.ClosedByNode : Reason.ClosedByDevice;

    private void ReceiveControl(TunnelControl control, long nowMilliseconds)
    {
        switch (control.BodyCase)
        {
            case TunnelControl.BodyOneofCase.Configure when Role == TunnelRole.Node:
                AnswerConfigure(control.Configure, nowMilliseconds);
                break;
            case TunnelControl.BodyOneofCase.Configuration when Role == TunnelRole.Device:
                TakeConfiguration(control.Configuration, nowMilliseconds);
                break;
            case TunnelControl.BodyOneofCase.Configure or TunnelControl.BodyOneofCase.Configuration:
                Fail(Reason.UnexpectedFrame, $"a {control.BodyCase} payload came to the {Role}");
                break;
            case TunnelControl.BodyOneofCase.Probe:
                _effects.Enqueue(TunnelEffect.Send(TunnelCodec.Encode(new TunnelControl { ProbeAnswer = control.Probe })));
                break;
            case TunnelControl.BodyOneofCase.Farewell:
                TakeFarewell(control.Farewell);
                break;
            case TunnelControl.BodyOneofCase.Hop:
                IsFarEndOnStream = control.Hop.IsStream;
                break;
            case TunnelControl.BodyOneofCase.Rekey when State == TunnelState.Up:
                Rekey.Receive(control.Rekey, nowMilliseconds);
                break;
            default:
                // A probe's answer has done its work by arriving; an empty body is of a later version.
                break;
        }
    }

    private void AnswerConfigure(ConfigureRequest request, long nowMilliseconds)
    {
        if (request.Version != TunnelLimits.Version)
        {
            Fail(Reason.UnsupportedVersion, $"the device asked for version {request.Version} of the configuration");
            return;
        }

        if (request.MtuBytes is < TunnelLimits.MtuBytesMin or > TunnelLimits.MtuBytesMax)
        {
            Fail(
                Reason.MalformedFrame,
                $"the device asked for an MTU of {request.MtuBytes}, which is not {TunnelLimits.MtuBytesMin}..{TunnelLimits.MtuBytesMax}");
            return;
        }

        if (_refusal is { } refusal)
        {
            Fail(refusal.Reason, refusal.Detail);
            return;
        }

        if (State == TunnelState.Configuring)
        {
            var mtuBytes = Math.Min(Math.Min((int)request.MtuBytes, MtuBytes), _offer!.MtuBytes);
            var agreed = _offer with { MtuBytes = mtuBytes };
            _answer = TunnelCodec.Encode(agreed);
            GoUp(agreed, nowMilliseconds);
        }

        // Every repeat gets the same answer: the first may have been lost.
        foreach (var part in _answer)
        {
            _effects.Enqueue(TunnelEffect.Send(part));
        }
    }

    private void TakeConfiguration(Configuration part, long nowMilliseconds)
    {
        if (State != TunnelState.Configuring)
        {
            // The answer to a repeat.
            return;
        }

        var reason = _assembler.Add(part, MtuBytes, out var configuration, out var detail);
        if (reason != Reason.None)
        {
            Fail(reason, detail);
        }
        else if (configuration is not null)
        {
            GoUp(configuration, nowMilliseconds);
        }
    }

    private void GoUp(TunnelConfiguration configuration, long nowMilliseconds)
    {
        State = TunnelState.Up;
        Configuration = configuration;
        MtuBytes = configuration.MtuBytes;
        _giveUpAt = long.MaxValue;
        _resendAt = long.MaxValue;
        Rekey.TunnelUp(nowMilliseconds);
        _effects.Enqueue(TunnelEffect.Configured(configuration));
    }

    private void TakeFarewell(TunnelFarewell farewell)
    {
        var reason = ReasonText.FromWire(farewell.Reason);
        End(reason == Reason.None ? OtherSideClosed : reason, farewell.Detail, isByPeer: true);
    }

    private void SendConfigureRequest(long nowMilliseconds)
    {
        var request = new ConfigureRequest { Version = TunnelLimits.Version, MtuBytes = (uint)MtuBytes };
        _effects.Enqueue(TunnelEffect.Send(TunnelCodec.Encode(new TunnelControl { Configure = request })));
        _resendAt = nowMilliseconds + _resendInterval;
        _resendInterval = Math.Min(_resendInterval * 2, TunnelLimits.ConfigureIntervalMax);
    }

    private void SendHop(long nowMilliseconds)
    {
        _hopToldAt = nowMilliseconds;
        _effects.Enqueue(TunnelEffect.Send(TunnelCodec.Encode(new TunnelControl { Hop = new TunnelHop { IsStream = _isStream } })));
    }

    private void LookAtFarEnd(TunnelTraffic traffic, long nowMilliseconds)
    {
        switch (_watch.Look(traffic, nowMilliseconds))
        {
            case FarEndVerdict.Probe:
                _probeValue++;
                _effects.Enqueue(TunnelEffect.Send(TunnelCodec.Encode(new TunnelControl { Probe = new TunnelProbe { Value = _probeValue } })));
                break;
            case FarEndVerdict.Dead:
                Fail(Reason.KeepAliveTimeout, $"the far end of the tunnel answered none of {TunnelLimits.ProbesMax} probes");
                break;
            default:
                Rekey.LookAtAge(nowMilliseconds);
                break;
        }
    }

    private void Fail(Reason reason, string detail)
    {
        if (State is TunnelState.Configuring or TunnelState.Up)
        {
            _effects.Enqueue(TunnelEffect.Send(TunnelCodec.EncodeFarewell(reason, detail)));
        }

        End(reason, detail, isByPeer: false);
    }

    private void End(Reason reason, string detail, bool isByPeer)
    {
        if (State == TunnelState.Closed)
        {
            return;
        }

        State = TunnelState.Closed;
        (_giveUpAt, _resendAt) = (long.MaxValue, long.MaxValue);
        _watch.Rest();
        Rekey.TunnelOver();
        _effects.Enqueue(TunnelEffect.Closed(reason, ReasonText.Printable(detail), isByPeer));
    }
}
