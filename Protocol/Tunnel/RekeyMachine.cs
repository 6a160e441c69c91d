using Google.Protobuf;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>
/// One end's part in renewing the keys of a tunnel that is up: a second DTLS handshake, whose datagrams travel as control payloads under the old keys, gives the keys of the next epoch. The device begins; packets
/// pass all the while. Pure like <see cref="TunnelMachine"/>, whose effects its own are part of.
/// <code>
///  device   Rest --keys are due--> Handshaking --ended--> Confirming (seals with the new keys, opens both) --first new record--> Overlap --10 s--> Rest
///  node     Rest --a new attempt--> Handshaking --ended--> Confirming (seals with the old keys, opens both) --first new record--> Overlap --10 s--> Rest
/// </code>
/// The device may switch at once, since the last message of the handshake is the node's and the node opens with the new keys before it sends that. The node switches when a record of the new epoch proves that
/// this message arrived; until then libssl repeats it. An attempt that ends without keys is given up on both ends and begun again under a higher number.
/// </summary>
public sealed class RekeyMachine
{
    private readonly TunnelRole _role;
    private readonly Queue<TunnelEffect> _effects;
    private RekeyPhase _phase;
    private uint _attempt;
    private long _keysSince = long.MaxValue;
    private long _giveUpAt = long.MaxValue;
    private long _tryAt = long.MaxValue;
    private long _askAt = long.MaxValue;
    private long _askInterval;
    private long _retireAt = long.MaxValue;
    private long _notBefore = long.MinValue;

    internal RekeyMachine(TunnelRole role, Queue<TunnelEffect> effects)
    {
        _role = role;
        _effects = effects;
    }

    /// <summary>The epoch whose keys both ends are known to have: 1 from the tunnel's own handshake, one more after each renewal.</summary>
    public ushort Epoch { get; private set; } = 1;

    /// <summary>The epoch of the keys that a handshake under way will give.</summary>
    public ushort NextEpoch => (ushort)(Epoch + 1);

    /// <summary>Whether a handshake or the change to its keys is under way.</summary>
    public bool IsUnderWay => _phase is RekeyPhase.Handshaking or RekeyPhase.Confirming;

    internal long NextDeadline => Math.Min(Math.Min(Math.Min(_giveUpAt, _tryAt), _askAt), _retireAt);

    /// <summary>
    /// The keys in use have served long enough: records, forgeries or age. The device begins at once, or after the renewal that is under way; the node leaves it to the device, which sees both directions.
    /// </summary>
    /// <param name="nowMilliseconds">The time.</param>
    public void Due(long nowMilliseconds)
    {
        // An epoch does not wrap (RFC 6347 §4.1); the keys of the last one are used up some day and end the tunnel.
        if (_role != TunnelRole.Device || _keysSince == long.MaxValue || Epoch == ushort.MaxValue)
        {
            return;
        }

        if (_phase == RekeyPhase.Overlap)
        {
            // The new keys are worn already: nothing of the old ones can be under way any more.
            Retire();
        }

        if (_phase == RekeyPhase.Rest && _tryAt == long.MaxValue)
        {
            Begin(nowMilliseconds);
        }
    }

    /// <summary>Wraps a datagram of the handshake under way for the far end.</summary>
    /// <param name="datagram">Of libssl; at most the agreed MTU less <see cref="TunnelLimits.RekeyEnvelopeBytes"/>.</param>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        if (IsUnderWay)
        {
            var message = new TunnelRekey { Epoch = NextEpoch, Attempt = _attempt, Datagram = ByteString.CopyFrom(datagram) };
            _effects.Enqueue(TunnelEffect.Send(TunnelCodec.Encode(new TunnelControl { Rekey = message })));
        }
    }

    /// <summary>The handshake ended well and the far end is who it was. The caller opens records of <see cref="NextEpoch"/> from now on.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    public void Secured(long nowMilliseconds)
    {
        if (_phase != RekeyPhase.Handshaking)
        {
            return;
        }

        _phase = RekeyPhase.Confirming;
        _giveUpAt = long.MaxValue;
        if (_role == TunnelRole.Device)
        {
            _effects.Enqueue(TunnelEffect.Of(TunnelEffectKind.SwitchKeys));
            _askInterval = TunnelLimits.ConfigureInterval;
            Ask(nowMilliseconds);
        }
    }

    /// <summary>The handshake under way came to nothing for want of answers; the device tries again.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    public void TimedOut(long nowMilliseconds)
    {
        if (_phase == RekeyPhase.Handshaking)
        {
            _phase = RekeyPhase.Rest;
            _giveUpAt = long.MaxValue;
            _tryAt = _role == TunnelRole.Device ? nowMilliseconds + TunnelLimits.RekeyRetryAfter : long.MaxValue;
            _effects.Enqueue(TunnelEffect.Of(TunnelEffectKind.AbandonKeys));
        }
    }

    /// <summary>A record of <see cref="NextEpoch"/> has authenticated for the first time: the far end has the new keys and uses them.</summary>
    /// <param name="nowMilliseconds">The time.</param>
    public void Confirmed(long nowMilliseconds)
    {
        if (_phase != RekeyPhase.Confirming)
        {
            return;
        }

        _phase = RekeyPhase.Overlap;
        Epoch = NextEpoch;
        _askAt = long.MaxValue;
        _keysSince = nowMilliseconds;
        _retireAt = nowMilliseconds + TunnelLimits.RekeyOverlap;
        if (_role == TunnelRole.Node)
        {
            _effects.Enqueue(TunnelEffect.Of(TunnelEffectKind.SwitchKeys));
        }
    }

    internal void TunnelUp(long nowMilliseconds) => _keysSince = nowMilliseconds;

    internal void TunnelOver()
    {
        _phase = RekeyPhase.Rest;
        (_keysSince, _giveUpAt, _tryAt, _askAt, _retireAt) = (long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue);
    }

    /// <summary>Asked whenever there is traffic: a tunnel at rest keeps its keys and has no timer.</summary>
    internal void LookAtAge(long nowMilliseconds)
    {
        if (_keysSince != long.MaxValue && nowMilliseconds - _keysSince >= TunnelLimits.RekeyAfter)
        {
            Due(nowMilliseconds);
        }
    }

    internal void Receive(TunnelRekey message, long nowMilliseconds)
    {
        if (message.Epoch != NextEpoch || Epoch == ushort.MaxValue)
        {
            // Late, of a renewal that is over.
            return;
        }

        if (_role == TunnelRole.Node && message.Attempt > _attempt)
        {
            if (_phase == RekeyPhase.Overlap)
            {
                Retire();
            }

            if (nowMilliseconds < _notBefore)
            {
                return;
            }

            _attempt = message.Attempt;
            _phase = RekeyPhase.Handshaking;
            _notBefore = nowMilliseconds + TunnelLimits.RekeyIntervalMin;
            _giveUpAt = nowMilliseconds + TunnelLimits.SecureTimeout;
            _effects.Enqueue(TunnelEffect.Of(TunnelEffectKind.BeginKeys));
        }

        if (message.Attempt == _attempt && IsUnderWay)
        {
            _effects.Enqueue(TunnelEffect.KeysDatagram(message.Datagram.Memory));
        }
    }

    internal void OnDeadline(long nowMilliseconds)
    {
        if (nowMilliseconds >= _giveUpAt)
        {
            TimedOut(nowMilliseconds);
        }

        if (nowMilliseconds >= _tryAt)
        {
            Begin(nowMilliseconds);
        }

        if (nowMilliseconds >= _askAt)
        {
            Ask(nowMilliseconds);
        }

        if (nowMilliseconds >= _retireAt)
        {
            Retire();
        }
    }

    private void Begin(long nowMilliseconds)
    {
        _phase = RekeyPhase.Handshaking;
        _attempt++;
        _tryAt = long.MaxValue;
        _giveUpAt = nowMilliseconds + TunnelLimits.RekeyTimeout;
        _effects.Enqueue(TunnelEffect.Of(TunnelEffectKind.BeginKeys));
    }

    // Any record will do to confirm; when no packet goes out, this one does.
    private void Ask(long nowMilliseconds)
    {
        _askAt = nowMilliseconds + _askInterval;
        _askInterval = Math.Min(_askInterval * 2, TunnelLimits.ConfigureIntervalMax);
        _effects.Enqueue(TunnelEffect.Send(TunnelCodec.Encode(new TunnelControl { Probe = new TunnelProbe() })));
    }

    private void Retire()
    {
        _phase = RekeyPhase.Rest;
        _retireAt = long.MaxValue;
        _effects.Enqueue(TunnelEffect.Of(TunnelEffectKind.RetireKeys));
    }
}
