using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// One end of an end-to-end tunnel: the DTLS session and the <see cref="TunnelMachine"/> over it, between a channel of the relay and a TUN. It authenticates the far end, which the relay
/// can't: nothing below this class is trusted.
/// <para>
/// Threads: a lock per tunnel. <see cref="OnDatagram"/> is called by one thread at a time, the reader of the channel; <see cref="SendPacket(ReadOnlySpan{byte})"/>,
/// <see cref="Close"/> and the timer may run beside it. No allocation per packet once the tunnel is up.
/// </para>
/// </summary>
public sealed class SecureTunnel
{
    /// <summary>What sealing adds to a packet: record header 13, explicit nonce 8, tag 16 (RFC 6347 §4.1, RFC 5288 §3).</summary>
    public const int RecordOverheadBytes = 37;

    /// <summary>A tunnel without a packet for this long gives libssl's record buffers back, 33 KB.</summary>
    private const long BufferIdleMilliseconds = 10_000;

    [ThreadStatic]
    private static byte[]? _threadPlaintext;

    private readonly Lock _lock = new();
    private readonly Queue<TunnelEffect> _events = new();
    private readonly TunnelContexts _contexts;
    private readonly TunnelTimer _timer;
    private readonly ISecureTunnelHandler _handler;
    private readonly TunnelMachine _machine;
    private readonly DtlsSession _dtls;
    private TunnelTotals _totals;
    private FrameBatch? _batch;
    private Channel _batchChannel;
    private long _scheduledFor = long.MaxValue;
    private long _usedAt;
    private long _releaseAt = long.MaxValue;
    private volatile bool _hasEvents;
    private bool _wasSendTaken;
    private bool _isRaising;
    private bool _isDisposed;

    /// <summary>Prepares a tunnel; a device begins the handshake with <see cref="Start"/>, a node waits for the first datagram.</summary>
    public SecureTunnel(TunnelContexts contexts, TunnelTimer timer, TunnelPeer peer, ISecureTunnelHandler handler)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        ArgumentNullException.ThrowIfNull(timer);
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(handler);
        _contexts = contexts;
        _timer = timer;
        _handler = handler;
        _machine = new TunnelMachine(contexts.Role, contexts.MtuBytes, timer.NowMilliseconds);
        _dtls = contexts.Context.CreateSession(new Output(this), peer.CreateVerifier(contexts.Credentials, timer.Time));
    }

    /// <summary>Where the tunnel is in its life.</summary>
    public TunnelState State => _machine.State;

    /// <summary>What has passed.</summary>
    public TunnelTotals Totals
    {
        get
        {
            lock (_lock)
            {
                return _totals;
            }
        }
    }

    /// <summary>Begins: a device sends its first flight; both ends begin to count the time of the handshake.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _dtls.Start(DtlsNow(_timer.NowMilliseconds));
                Settle();
            }
        }

        RaiseEvents();
    }

    /// <summary>Takes one datagram of the channel; any bytes.</summary>
    public void OnDatagram(ReadOnlySpan<byte> datagram)
    {
        var plaintext = (_threadPlaintext ??= new byte[FrameLimits.MaxPayloadBytes]).AsSpan();
        if (datagram.Length > plaintext.Length)
        {
            _handler.OnDropped(this, DropReason.Oversize);
            return;
        }

        var hasMore = NextRecord(datagram, plaintext, isFirst: true, out var packetBytes);
        while (hasMore || packetBytes > 0)
        {
            if (packetBytes > 0)
            {
                _handler.DeliverPacket(this, plaintext[..packetBytes]);
            }

            packetBytes = 0;
            hasMore = hasMore && NextRecord([], plaintext, isFirst: false, out packetBytes);
        }

        RaiseEvents();
    }

    /// <summary>Sends a packet of the TUN to the far end.</summary>
    /// <returns><see cref="DropReason.Unspecified"/> when the channel took it; otherwise why not. Not reported to the handler again.</returns>
    public DropReason SendPacket(ReadOnlySpan<byte> packet) => SendPacket(packet, default, null);

    /// <summary>Seals a packet of the TUN into a batch that the caller sends.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="channel">The tunnel's channel in the session that the batch goes to.</param>
    /// <param name="batch">With room for the packet and <see cref="RecordOverheadBytes"/>.</param>
    /// <returns><see cref="DropReason.Unspecified"/> when it is in the batch; otherwise why not. Not reported to the handler again.</returns>
    public DropReason SendPacket(ReadOnlySpan<byte> packet, Channel channel, FrameBatch? batch)
    {
        lock (_lock)
        {
            var now = _timer.NowMilliseconds;
            var drop = _machine.OfferPacket(packet.Length, now);
            if (drop != DropReason.Unspecified)
            {
                return drop;
            }

            Touch(now);
            _wasSendTaken = true;
            _batch = batch;
            _batchChannel = channel;
            var written = _dtls.Write(packet);
            _batch = null;
            if (written == DtlsWriteResult.Sent)
            {
                Schedule();
                if (_wasSendTaken)
                {
                    _totals = _totals with { PacketsSent = _totals.PacketsSent + 1, BytesSent = _totals.BytesSent + packet.Length };
                    return DropReason.Unspecified;
                }

                return DropReason.QueueFull;
            }

            CloseAfterDtls();
            Settle();
        }

        RaiseEvents();
        return DropReason.NoTunnel;
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
            _dtls.HandleTimeout(DtlsNow(now));
            if (_dtls.State == DtlsState.Failed)
            {
                CloseAfterDtls();
            }

            _machine.OnDeadline(now);
            if (now >= _releaseAt)
            {
                var isIdle = now >= _usedAt + BufferIdleMilliseconds;
                _releaseAt = isIdle ? long.MaxValue : _usedAt + BufferIdleMilliseconds;
                if (isIdle)
                {
                    _dtls.TryReleaseBuffers();
                }
            }

            Settle();
        }

        RaiseEvents();
    }

    // True when the datagram holds a further record.
    private bool NextRecord(ReadOnlySpan<byte> datagram, Span<byte> plaintext, bool isFirst, out int packetBytes)
    {
        packetBytes = 0;
        DtlsReadResult read;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return false;
            }

            var now = _timer.NowMilliseconds;
            Touch(now);
            var ignored = _dtls.DatagramsIgnored;
            read = isFirst ? _dtls.Receive(datagram, plaintext, DtlsNow(now)) : _dtls.ReceiveNext(plaintext);
            switch (read.Status)
            {
                case DtlsReadStatus.ApplicationData:
                    packetBytes = TakeRecord(plaintext[..read.PlaintextBytes], now);
                    break;
                case DtlsReadStatus.PeerClosed:
                    _machine.PeerClosed("the far end closed the end-to-end session");
                    break;
                case DtlsReadStatus.Failed:
                    CloseAfterDtls();
                    break;
                default:
                    if (_dtls.DatagramsIgnored != ignored)
                    {
                        _handler.OnDropped(this, DropReason.RecordRejected);
                    }

                    break;
            }

            if (read.Status != DtlsReadStatus.HandshakeCompleted)
            {
                Settle();
                return read.HasMore && !_isDisposed;
            }
        }

        Admit();
        return read.HasMore;
    }

    private int TakeRecord(ReadOnlySpan<byte> plaintext, long now)
    {
        var input = _machine.Receive(plaintext, now);
        if (input.IsPacket)
        {
            _totals = _totals with { PacketsReceived = _totals.PacketsReceived + 1, BytesReceived = _totals.BytesReceived + plaintext.Length };
            return plaintext.Length;
        }

        if (input.Drop != DropReason.Unspecified)
        {
            _handler.OnDropped(this, input.Drop);
        }

        return 0;
    }

    // Outside the lock: the owner may look things up and store them. Only the channel's reader comes here, so nothing is received meanwhile.
    private void Admit()
    {
        TunnelSecurity security;
        lock (_lock)
        {
            if (_isDisposed || _dtls.PeerCertificate is not { } certificate)
            {
                return;
            }

            // The verifier has accepted it, so the identity is there. Copied: another thread may close the tunnel meanwhile.
            CertificateProfile.ReadIdentity(certificate, out var identity);
            security = new TunnelSecurity(
                _dtls.CipherSuite ?? "", _dtls.Version ?? "", identity, X509CertificateLoader.LoadCertificate(certificate.RawData));
        }

        using var copy = security.Certificate;
        var admission = _handler.OnSecured(this, security);

        lock (_lock)
        {
            var now = _timer.NowMilliseconds;
            if (_isDisposed)
            {
                return;
            }

            if (_contexts.Role == TunnelRole.Device && admission.Refusal == Reason.None)
            {
                _machine.SecuredAtDevice(now);
            }
            else if (admission is { Refusal: Reason.None, Offer: { } offer })
            {
                _machine.SecuredAtNode(offer, now);
            }
            else if (_contexts.Role == TunnelRole.Node)
            {
                var reason = admission.Refusal == Reason.None ? Reason.InternalError : admission.Refusal;
                _machine.RefuseAtNode(reason, admission.Detail ?? "the owner of the tunnel gave no configuration", now);
            }
            else
            {
                _machine.Close(admission.Refusal, admission.Detail ?? "");
            }

            Settle();
        }
    }

    private void CloseAfterDtls()
    {
        // The detail names the check that failed at this end, or the alert of the far end.
        var detail = _dtls.FailureDetail.Length == 0 ? "the end-to-end session failed" : _dtls.FailureDetail;
        _machine.Close(Reason.EndToEndFailed, detail);
    }

    // Carries out what the machine wants, then moves the deadline. Inside the lock.
    private void Settle()
    {
        while (_machine.TryTakeEffect(out var effect))
        {
            switch (effect.Kind)
            {
                case TunnelEffectKind.Send when !_isDisposed:
                    // Best effort: every control payload that matters is asked for again.
                    _dtls.Write(effect.Plaintext.Span);
                    break;
                case TunnelEffectKind.Configured:
                    _events.Enqueue(effect);
                    _hasEvents = true;
                    break;
                case TunnelEffectKind.Closed:
                    _events.Enqueue(effect);
                    _hasEvents = true;
                    _isDisposed = true;

                    // No close_notify: the farewell carries the reason, and on a reordering path an alert would overtake it.
                    _dtls.Dispose();
                    break;
                default:
                    break;
            }
        }

        if (!_isDisposed)
        {
            Schedule();
        }
    }

    private void Schedule()
    {
        var dtls = _dtls.NextTimeout is { } timeout ? (long)Math.Ceiling(timeout.TotalMilliseconds) : long.MaxValue;
        var next = Math.Min(Math.Min(_machine.NextDeadline, _releaseAt), dtls);
        if (next < _scheduledFor)
        {
            _scheduledFor = next;
            _timer.Schedule(this, next);
        }
    }

    private void Touch(long now)
    {
        _usedAt = now;
        if (_releaseAt == long.MaxValue)
        {
            _releaseAt = now + BufferIdleMilliseconds;
        }
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

    private sealed class Output(SecureTunnel tunnel) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram)
        {
            var isTaken = tunnel._batch is { } batch
                ? batch.TryAdd(tunnel._batchChannel, datagram)
                : tunnel._handler.SendDatagram(tunnel, datagram);
            if (!isTaken)
            {
                tunnel._wasSendTaken = false;
            }
        }
    }
}
