using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// One end of an end-to-end tunnel between a channel of the relay and a TUN. It authenticates the far end, which the relay can't: nothing below this class is trusted. Three parts have a lock each, packets have none:
/// <code>
///  control   DTLS handshakes, the <see cref="TunnelMachine"/>, timers, events                this file and SecureTunnel.Keys.cs
///  packets   between their owner and the two below                                          SecureTunnel.Packets.cs
///  sending   packets and control payloads into records                                      <see cref="TunnelSealer"/>
///  receiving records into packets and control payloads                                      <see cref="TunnelOpener"/>
/// </code>
/// The control part takes the others' locks inside its own, never the other way round; a packet takes none but its direction's.
/// <para>
/// Threads: every method may run beside every other. Datagrams should come from one thread at a time, or they are opened in turns. No allocation per packet once the tunnel is up.
/// </para>
/// </summary>
public sealed partial class SecureTunnel
{
    /// <summary>What sealing adds to a packet: record header 13, explicit nonce 8, tag 16 (RFC 6347 §4.1, RFC 5288 §3).</summary>
    public const int RecordOverheadBytes = RecordSealer.OverheadBytes;

    private readonly Lock _lock = new();
    private readonly Queue<TunnelEffect> _events = new();
    private readonly TunnelContexts _contexts;
    private readonly TunnelTimer _timer;
    private readonly TunnelPeer _peer;
    private readonly ISecureTunnelHandler _handler;
    private readonly TunnelMachine _machine;
    private readonly TunnelSealer _sealer;
    private readonly TunnelOpener _opener;
    private long _scheduledFor = long.MaxValue;
    private volatile bool _hasEvents;
    private bool _isRaising;
    private bool _isDisposed;

    /// <summary>Prepares a tunnel; a device begins the handshake with <see cref="Start"/>, a node waits for the first datagram.</summary>
    public SecureTunnel(TunnelContexts contexts, TunnelTimer timer, TunnelPeer peer, ISecureTunnelHandler handler)
        : this(contexts, timer, peer, handler, TunnelKeyLimits.Default)
    {
    }

    internal SecureTunnel(TunnelContexts contexts, TunnelTimer timer, TunnelPeer peer, ISecureTunnelHandler handler, TunnelKeyLimits limits)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        ArgumentNullException.ThrowIfNull(timer);
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(handler);
        _contexts = contexts;
        _timer = timer;
        _peer = peer;
        _handler = handler;
        _machine = new TunnelMachine(contexts.Role, contexts.MtuBytes, timer.NowMilliseconds);
        _sealer = new TunnelSealer(limits);
        _opener = new TunnelOpener(limits);
        _handshake = contexts.Context.CreateSession(new ChannelOutput(this), peer.CreateVerifier(contexts.Credentials, timer.Time));
    }

    /// <summary>Where the tunnel is in its life.</summary>
    public TunnelState State => _machine.State;

    /// <summary>How often its keys have been renewed.</summary>
    public int Renewals => _machine.Rekey.Epoch - DtlsSession.FirstEpoch;

    /// <summary>What has passed.</summary>
    public TunnelTotals Totals => new(_sealer.Packets, _sealer.PacketBytes, _opener.Packets, _opener.PacketBytes);

    private TunnelTraffic Traffic => new(_sealer.Packets, _opener.Records);

    /// <summary>Begins: a device sends its first flight; both ends begin to count the time of the handshake.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _handshake?.Start(DtlsNow(_timer.NowMilliseconds));
                Settle();
            }
        }

        RaiseEvents();
    }

    /// <summary>Ends the tunnel from this side. The far end is told inside the DTLS session, as far as the channel still carries it.</summary>
    public void Close(Reason reason, string detail)
    {
        lock (_lock)
        {
            _machine.Close(reason, detail);
            Settle();
        }

        RaiseEvents();
    }

    /// <summary>The shared timer's call.</summary>
    internal void OnTimer(long dueMilliseconds)
    {
        lock (_lock)
        {
            if (_scheduledFor == dueMilliseconds)
            {
                _scheduledFor = long.MaxValue;
            }

            if (_isDisposed)
            {
                return;
            }

            var now = _timer.NowMilliseconds;
            _handshake?.HandleTimeout(DtlsNow(now));
            if (_handshake is { State: DtlsState.Failed })
            {
                HandshakeFailed(now);
            }

            var traffic = Traffic;
            var wasWatching = _machine.IsWatching;
            _machine.OnDeadline(now, traffic);
            if (wasWatching && !_machine.IsWatching && !_sealer.TryRest(traffic.Sent))
            {
                // A packet passed between the look and here.
                _machine.Watch(Traffic, now);
            }

            Settle();
        }

        RaiseEvents();
    }

    private void ReceiveOther(in DtlsRecord record, RecordOutcome outcome, Span<byte> buffer)
    {
        if (outcome >= RecordOutcome.Handshake)
        {
            if (outcome != RecordOutcome.Handshake || !RepeatFinalFlight(record, buffer))
            {
                _handler.OnDropped(this, DropReason.RecordRejected);
            }

            return;
        }

        lock (_lock)
        {
            switch (outcome)
            {
                case RecordOutcome.CloseNotify:
                    _machine.PeerClosed("the far end closed the end-to-end session");
                    break;
                case RecordOutcome.FatalAlert when _opener.PeerAlert is { } alert:
                    _machine.Close(Reason.EndToEndFailed, $"the far end sent alert {alert}: {DtlsAlerts.Name(alert)}");
                    break;
                default:
                    // The tunnel is over.
                    break;
            }

            Settle();
        }
    }

    // What sealing found. After the record was sent: control payloads are sealed in the same memory.
    private void Act(DataPathNotice notice)
    {
        if (notice != DataPathNotice.None)
        {
            Act(notice, epoch: 0);
            RaiseEvents();
        }
    }

    // What the data path found, once it holds no lock.
    private void Act(DataPathNotice notice, ushort epoch)
    {
        if (notice == DataPathNotice.None)
        {
            return;
        }

        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            var now = _timer.NowMilliseconds;
            if (notice.HasFlag(DataPathNotice.FirstOfEpoch))
            {
                KeysConfirmed(epoch, now);
            }

            if (notice.HasFlag(DataPathNotice.Woke))
            {
                _machine.Watch(Traffic, now);
            }

            if (notice.HasFlag(DataPathNotice.Worn))
            {
                _machine.Rekey.Due(now);
            }

            if (notice.HasFlag(DataPathNotice.UsedUp))
            {
                _machine.Close(Reason.KeysUsedUp, "the tunnel's keys reached the bound of their use before they could be renewed");
            }

            Settle();
        }
    }

    // Carries out what the machine wants, then moves the deadline. Inside the lock.
    private void Settle()
    {
        while (_machine.TryTakeEffect(out var effect))
        {
            switch (effect.Kind)
            {
                case TunnelEffectKind.Send when !_isDisposed:
                    SendControl(effect.Plaintext.Span);
                    break;
                case TunnelEffectKind.Configured:
                    _sealer.Open(_machine.MtuBytes);
                    _opener.Open(_machine.MtuBytes);
                    Raise(effect);
                    break;
                case TunnelEffectKind.Closed:
                    Raise(effect);
                    _isDisposed = true;

                    // No close_notify: the farewell carries the reason, and on a reordering path an alert would overtake it.
                    _handshake?.Dispose();
                    _handshake = null;
                    _sealer.Erase();
                    _opener.Erase();
                    break;
                default:
                    ApplyToKeys(effect);
                    break;
            }
        }

        if (!_isDisposed)
        {
            Schedule();
        }
    }

    // Best effort: every control payload that matters is asked for again.
    private void SendControl(ReadOnlySpan<byte> plaintext)
    {
        var record = _threadRecord ??= new byte[FrameLimits.MaxPayloadBytes];
        var bytes = _sealer.SealControl(plaintext, record);
        if (bytes > 0)
        {
            _handler.SendDatagram(this, record.AsSpan(0, bytes));
        }
        else if (_handshake is { State: DtlsState.Established })
        {
            // A node that has not heard the device yet.
            _handshake.Write(plaintext);
        }
    }

    private void Schedule()
    {
        var dtls = _handshake?.NextTimeout is { } timeout ? (long)Math.Ceiling(timeout.TotalMilliseconds) : long.MaxValue;
        var next = Math.Min(_machine.NextDeadline, dtls);
        if (next < _scheduledFor)
        {
            _scheduledFor = next;
            _timer.Schedule(this, next);
        }
    }

    private void Raise(in TunnelEffect effect)
    {
        _events.Enqueue(effect);
        _hasEvents = true;
    }

    // One thread raises at a time, without the lock and in order; another one's events are raised by it.
    private void RaiseEvents()
    {
        while (_hasEvents)
        {
            TunnelEffect effect;
            lock (_lock)
            {
                if (_isRaising || !_events.TryDequeue(out effect))
                {
                    return;
                }

                _hasEvents = _events.Count != 0;
                _isRaising = true;
            }

            try
            {
                if (effect.Kind == TunnelEffectKind.Configured)
                {
                    _handler.OnConfigured(this, effect.Configuration!);
                }
                else
                {
                    _handler.OnClosed(this, effect.Reason, effect.Detail, effect.IsByPeer);
                }
            }
            finally
            {
                lock (_lock)
                {
                    _isRaising = false;
                }
            }
        }
    }

    private static TimeSpan DtlsNow(long nowMilliseconds) => TimeSpan.FromMilliseconds(nowMilliseconds);
}
