using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls;

/// <summary>
/// One DTLS 1.2 association. No socket, thread or clock: the caller feeds datagrams and the time, datagrams leave
/// through <see cref="IDtlsOutput"/>.
/// Single owner: one thread at a time, and never from inside its own output. Nothing a peer sends makes a method throw.
/// <code>
///             Start              HandshakeCompleted            close_notify received
///  Created ────────▶ Handshaking ──────────▶ Established ──────────▶ PeerClosed
///     │                  │  │                   │  │                     │
///     │            fault,│  │Close        fault,│  │Close                │Close
///     │           timeout▼  │            (own)  ▼  │                     │
///     │                Failed                Failed│                     │
///     └──────Close──────────┴──────────────────────┴──────────▶ Closed ◀─┘
/// </code>
/// From Established a <see cref="TakeSealer"/> leads to TakenOver: the records are no longer libssl's, and its memory is freed.
/// Retransmission follows RFC 6347 §4.2.4: a flight without an answer is sent again after
/// <see cref="DtlsContextOptions.InitialRetransmission"/>, then after twice that, and so on.
/// All times are readings of one monotonic clock of the caller, as TimeSpan since any origin.
/// </summary>
public sealed partial class DtlsSession : IDisposable
{
    /// <summary>
    /// Encrypted records that may arrive before their keys exist, in the whole handshake. libssl keeps each in a buffer
    /// of about 17 KB, up to 100 of them, so an
    /// unauthenticated peer could hold 1.7 MB; with these bounds 550 KB. A lossy handshake needs one Finished for each
    /// time a flight is sent: 24 is room for
    /// 1 + <see cref="DtlsContextOptions.MaxRetransmissionsMax"/> and as many duplicates. Data has a bound of its own,
    /// so that a server which
    /// speaks at once cannot displace its own Finished.
    /// </summary>
    private const int MaxEarlyFinished = 24;
    private const int MaxEarlyData = 8;

    private readonly DtlsContext _context;
    private readonly SslEngine _engine;
    private int _earlyFinished;
    private int _earlyData;
    private bool _hasEarlyData;
    private bool _hasMore;
    private bool _wasEstablished;
    private bool _isDisposed;

    internal DtlsSession(DtlsContext context, SslEngine engine)
    {
        _context = context;
        _engine = engine;
    }

    public DtlsState State { get; private set; }

    public DtlsRole Role => _context.Role;

    /// <summary>Longest plaintext of one <see cref="Write"/>.</summary>
    public int MaxPlaintextBytes => _context.MaxPlaintextBytes;

    /// <summary>When <see cref="HandleTimeout"/> is due on the caller's clock; null when no flight awaits an
    /// answer.</summary>
    public TimeSpan? NextTimeout { get; private set; }

    public DtlsFailure Failure { get; private set; }

    /// <summary>For the operator: what failed, in a sentence. Empty when nothing did.</summary>
    public string FailureDetail { get; private set; } = "";

    /// <summary>Number of the last fatal alert the peer sent (RFC 5246 §7.2); unauthenticated during the
    /// handshake.</summary>
    public byte? PeerAlert => _engine.PeerAlert;

    /// <summary>Number of the last fatal alert this end sent.</summary>
    public byte? SentAlert => _engine.SentAlert;

    /// <summary>OpenSSL's name of the suite, for example ECDHE-ECDSA-AES128-GCM-SHA256. Null before the handshake has
    /// ended.</summary>
    public string? CipherSuite { get; private set; }

    /// <summary>DTLSv1.2. Null before the handshake has ended.</summary>
    public string? Version { get; private set; }

    /// <summary>The certificate whose key the peer has proven to hold. Null before the handshake has ended. Valid until
    /// the session is disposed.</summary>
    public X509Certificate2? PeerCertificate => _wasEstablished ? _engine.PeerCertificate : null;

    /// <summary>Flights sent again, over the whole handshake.</summary>
    public int Retransmissions { get; private set; }

    /// <summary>Datagrams dropped because too many encrypted records came before the keys.</summary>
    public long EarlyDatagramsDropped { get; private set; }

    /// <summary>Datagrams dropped because an encrypted record in them is shorter than any can be.</summary>
    public long MalformedDatagramsDropped { get; private set; }

    /// <summary>Records dropped because the caller did not fetch them with <see cref="ReceiveNext"/>, or gave too small
    /// a buffer.</summary>
    public long UnreadRecordsDropped { get; private set; }

    /// <summary>Datagrams on an established session without effect: replayed, corrupt, of a wrong epoch, or a late part
    /// of the handshake.</summary>
    public long DatagramsIgnored { get; private set; }

    /// <summary>Leaves Created. A client emits its first flight; a server waits for one. Without effect in any other
    /// state.</summary>
    public void Start(TimeSpan now)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State == DtlsState.Created)
        {
            State = DtlsState.Handshaking;
            if (Role == DtlsRole.Client)
            {
                AdvanceHandshake([], now);
            }
        }
    }

    /// <summary>
    /// Takes one datagram. At most one record's plaintext is returned; while the result says HasMore,
    /// <see cref="ReceiveNext"/> returns the others.
    /// Starts the session if it is not started.
    /// </summary>
    /// <param name="datagram">Copied before anything is written to plaintext, so both may be the same memory.</param>
    /// <param name="plaintext">At least as long as the datagram.</param>
    /// <param name="now">Reading of the caller's clock.</param>
    public DtlsReadResult Receive(ReadOnlySpan<byte> datagram, Span<byte> plaintext, TimeSpan now)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (plaintext.Length < datagram.Length)
        {
            throw new ArgumentException("The plaintext buffer is shorter than the datagram.", nameof(plaintext));
        }

        Start(now);
        if (State is not (DtlsState.Handshaking or DtlsState.Established))
        {
            return Ended();
        }

        if (datagram.IsEmpty)
        {
            return new DtlsReadResult(DtlsReadStatus.NeedMore, 0, _hasMore);
        }

        if (!RecordFilter.IsSafe(datagram, State == DtlsState.Established, out var encryptedData, out var encryptedOther))
        {
            MalformedDatagramsDropped++;
            return new DtlsReadResult(DtlsReadStatus.NeedMore, 0, _hasMore);
        }

        if (State == DtlsState.Handshaking)
        {
            if (_earlyData + encryptedData > MaxEarlyData || _earlyFinished + encryptedOther > MaxEarlyFinished)
            {
                EarlyDatagramsDropped++;
                return default;
            }

            _earlyData += encryptedData;
            _earlyFinished += encryptedOther;
            return AdvanceHandshake(datagram, now);
        }

        if (_isOpenerTaken && encryptedData > 0)
        {
            // The opener's replay window has to see every record of data, so libssl sees none.
            DatagramsIgnored++;
            return default;
        }

        DropUnreadRecords();
        return ReadRecord(datagram, plaintext);
    }

    /// <summary>Returns the next record of the last datagram.</summary>
    /// <param name="plaintext">At least as long as that datagram; a longer record is dropped and counted.</param>
    public DtlsReadResult ReceiveNext(Span<byte> plaintext)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State != DtlsState.Established)
        {
            return State == DtlsState.Handshaking ? default : Ended();
        }

        return _hasMore && !plaintext.IsEmpty ? ReadRecord([], plaintext) : new DtlsReadResult(DtlsReadStatus.NeedMore, 0, _hasMore);
    }

    /// <summary>Sends one record in one datagram.</summary>
    public DtlsWriteResult Write(ReadOnlySpan<byte> plaintext)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State != DtlsState.Established)
        {
            return DtlsWriteResult.NotEstablished;
        }

        // SSL_write does not enforce the MTU: 16,000 bytes would leave as one datagram.
        if (plaintext.Length > MaxPlaintextBytes)
        {
            return DtlsWriteResult.TooLong;
        }

        if (plaintext.IsEmpty)
        {
            return DtlsWriteResult.Empty;
        }

        if (_engine.Write(plaintext) == SslOutcome.Done)
        {
            return DtlsWriteResult.Sent;
        }

        FailFromLibrary();
        return DtlsWriteResult.Failed;
    }

    /// <summary>Sends the last flight again if <see cref="NextTimeout"/> has come, or fails the session after the last
    /// time. Without effect when called early.</summary>
    public void HandleTimeout(TimeSpan now)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State != DtlsState.Handshaking || NextTimeout is not { } due || now < due)
        {
            return;
        }

        if (_engine.Retransmissions >= _context.Options.MaxRetransmissions)
        {
            Fail(DtlsFailure.Timeout, $"no answer to a flight sent {_engine.Retransmissions + 1} times");
            return;
        }

        switch (_engine.Retransmit())
        {
            case SslOutcome.Failed:
                FailFromLibrary();
                break;
            case SslOutcome.WantDatagram:
                // libssl's clock runs behind the caller's; at least a millisecond, so that the caller cannot spin.
                var rest = _engine.TimerRemaining();
                NextTimeout = now + (rest > TimeSpan.FromMilliseconds(1) ? rest : TimeSpan.FromMilliseconds(1));
                break;
            default:
                Retransmissions++;
                NextTimeout = now + TimeSpan.FromMicroseconds(_engine.IntervalMicroseconds);
                break;
        }
    }

    /// <summary>Ends the session; sends close_notify if it was established. The peer may never receive it.</summary>
    public void Close()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (State is DtlsState.Closed or DtlsState.Failed)
        {
            return;
        }

        var isEstablished = State is DtlsState.Established or DtlsState.PeerClosed;
        State = DtlsState.Closed;
        NextTimeout = null;
        if (isEstablished)
        {
            _engine.SendCloseNotify();
        }
    }

    /// <summary>
    /// Derives key material that only the two ends of this session know (RFC 5705, no context). False unless
    /// established with the
    /// extended master secret (RFC 7627), without which the material does not bind to this session.
    /// </summary>
    public bool TryExportKeyingMaterial(ReadOnlySpan<byte> label, Span<byte> output)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return State == DtlsState.Established && _engine.HasExtendedMasterSecret && _engine.TryExport(label, output);
    }

    /// <summary>Frees the native memory at once. Sends nothing: call <see cref="Close"/> first.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _engine.Dispose();
            _isDisposed = true;
            NextTimeout = null;
        }
    }

    private DtlsReadResult AdvanceHandshake(ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        var retransmissionsBefore = _engine.Retransmissions;
        var outcome = _engine.Handshake(datagram);
        switch (outcome)
        {
            case SslOutcome.Done:
                State = DtlsState.Established;
                NextTimeout = null;
                _wasEstablished = true;
                CipherSuite = _engine.CipherSuite;
                Version = _engine.Version;

                // SSL_has_pending does not see data that came before its keys; a read finds it.
                _hasEarlyData = _earlyData > 0;
                _hasMore = _hasEarlyData || _engine.HasPendingRecords;
                return new DtlsReadResult(DtlsReadStatus.HandshakeCompleted, 0, _hasMore);
            case SslOutcome.WantDatagram:
                if (!_engine.IsTimerRunning)
                {
                    NextTimeout = null;
                }
                else if (_engine.WasTimerStarted)
                {
                    Retransmissions += Math.Max(0, _engine.Retransmissions - retransmissionsBefore);
                    NextTimeout = now + TimeSpan.FromMicroseconds(_engine.IntervalMicroseconds);
                }

                return default;
            case SslOutcome.PeerClosed:
                Fail(DtlsFailure.PeerAlert, "the peer closed during the handshake (close_notify)");
                return Ended();
            default:
                FailFromLibrary();
                return Ended();
        }
    }

    private DtlsReadResult ReadRecord(ReadOnlySpan<byte> datagram, Span<byte> plaintext)
    {
        switch (_engine.Read(datagram, plaintext, out var bytes))
        {
            case SslOutcome.Done:
                _hasMore = _hasEarlyData || _engine.HasPendingRecords;
                if (_hasMore && _engine.PendingRecordBytes > 0)
                {
                    DropRestOfRecord();
                    return new DtlsReadResult(DtlsReadStatus.NeedMore, 0, _hasMore);
                }

                return new DtlsReadResult(DtlsReadStatus.ApplicationData, bytes, _hasMore);
            case SslOutcome.WantDatagram:
                _hasEarlyData = false;
                _hasMore = false;
                DatagramsIgnored += datagram.IsEmpty ? 0 : 1;
                return default;
            case SslOutcome.PeerClosed:
                _hasMore = false;
                State = DtlsState.PeerClosed;
                return Ended();
            default:
                FailFromLibrary();
                return Ended();
        }
    }

    /// <summary>A record longer than the caller's buffer is useless in part: datagrams keep their borders.</summary>
    private void DropRestOfRecord()
    {
        Span<byte> scratch = stackalloc byte[1024];
        while (_engine.PendingRecordBytes > 0 && _engine.Read([], scratch, out _) == SslOutcome.Done)
        {
            // Each turn takes up to 1,024 of at most 16,384 bytes.
        }

        UnreadRecordsDropped++;
        _hasMore = _hasEarlyData || _engine.HasPendingRecords;
    }

    private void DropUnreadRecords()
    {
        Span<byte> scratch = stackalloc byte[1024];
        while (_hasMore && State == DtlsState.Established)
        {
            if (ReadRecord([], scratch).Status == DtlsReadStatus.ApplicationData)
            {
                UnreadRecordsDropped++;
            }
        }
    }

    private DtlsReadResult Ended() => State switch
    {
        DtlsState.PeerClosed => new DtlsReadResult(DtlsReadStatus.PeerClosed, 0, false),
        DtlsState.Failed => new DtlsReadResult(DtlsReadStatus.Failed, 0, false),
        _ => new DtlsReadResult(DtlsReadStatus.Closed, 0, false),
    };

    private void FailFromLibrary()
    {
        var (failure, detail) = OpenSslErrors.Drain();
        if (_engine.VerifierFailure != DtlsFailure.None)
        {
            Fail(_engine.VerifierFailure, _engine.VerifierDetail);
        }
        else if (_engine.PeerAlert is { } alert)
        {
            Fail(DtlsFailure.PeerAlert, $"the peer sent alert {alert}: {DtlsAlerts.Name(alert)}");
        }
        else
        {
            Fail(failure, detail);
        }
    }

    private void Fail(DtlsFailure failure, string detail)
    {
        State = DtlsState.Failed;
        Failure = failure;
        FailureDetail = detail;
        NextTimeout = null;
        _hasMore = false;
    }
}
