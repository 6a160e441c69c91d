using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// One SSL object with its BIO: makes the native calls and receives the callbacks. Holds no state machine and no time;
/// those are
/// <see cref="DtlsSession"/>'s. Single owner: one thread at a time, never from inside its own output.
/// </summary>
internal sealed unsafe class SslEngine : IDisposable
{
    /// <summary>An hour in microseconds; the callback's unit ends at 71 minutes.</summary>
    public const uint NeverMicroseconds = 3_600_000_000;

    /// <summary>
    /// libssl collects a flight in a buffer of 4,096 bytes, and a record that does not fit would be cut across
    /// datagrams.
    /// Handshake datagrams stay below it; records of application data do not pass through that buffer.
    /// </summary>
    private const int HandshakeMtuBytesMax = 4_000;

    private readonly SslHandle _handle;
    private readonly nint _ssl;
    private readonly SslTimerControl _timerControl;
    private readonly uint _initialMicroseconds;
    private readonly uint _maximumMicroseconds;

    private byte* _datagram;
    private int _datagramBytes;
    private bool _hasDatagram;
    private bool _isEntered;
    private TimeValue* _timerField;
    private Exception? _outputFault;
    private SealedRecords _sealed;

    public SslEngine(
        DtlsContext context,
        IDtlsOutput output,
        DtlsPeerVerifier? verifier,
        int handshakeBytesMax = HandshakeMtuBytesMax,
        SslTimerControl? timerControl = null)
    {
        _timerControl = timerControl ?? SslTimerProbe.Control;
        _initialMicroseconds = (uint)context.Options.InitialRetransmission.TotalMicroseconds;
        _maximumMicroseconds = (uint)context.Options.RetransmissionMax.TotalMicroseconds;
        IntervalMicroseconds = _initialMicroseconds;
        HandshakeMtuBytes = Math.Min(Math.Min(context.Options.MaxDatagramBytes, handshakeBytesMax), HandshakeMtuBytesMax);
        Output = output;
        Verifier = verifier;

        LibCrypto.ERR_clear_error();
        _handle = context.NewSsl();
        _ssl = _handle.Pointer;
        try
        {
            var bio = SslCallbacks.NewBio();

            // One reference serves both directions (SSL_set_bio(3)).
            LibSsl.SSL_set_bio(_ssl, bio, bio);
            LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlSetMtu, HandshakeMtuBytes, null);
            LibSsl.DTLS_set_timer_cb(_ssl, &SslCallbacks.OnTimer);
            if (context.Role == DtlsRole.Client)
            {
                LibSsl.SSL_set_connect_state(_ssl);
            }
            else
            {
                LibSsl.SSL_set_accept_state(_ssl);
            }
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    public IDtlsOutput Output { get; }

    public DtlsPeerVerifier? Verifier { get; }

    public int HandshakeMtuBytes { get; }

    public X509Certificate2? PeerCertificate { get; private set; }

    /// <summary>Set when the peer's certificate was refused here.</summary>
    public DtlsFailure VerifierFailure { get; private set; }

    public string VerifierDetail { get; private set; } = "";

    /// <summary>Number of the last fatal alert in each direction (RFC 5246 §7.2), null when there was none.</summary>
    public byte? PeerAlert { get; private set; }

    public byte? SentAlert { get; private set; }

    /// <summary>Wait of the flight in the air, from its last sending.</summary>
    public uint IntervalMicroseconds { get; private set; }

    /// <summary>How often the flight in the air has been sent again.</summary>
    public int Retransmissions { get; private set; }

    /// <summary>Whether a flight in the air awaits its answer.</summary>
    public bool IsTimerRunning { get; private set; }

    /// <summary>Set when a flight was sent during the last call: its wait counts from there.</summary>
    public bool WasTimerStarted { get; private set; }

    public bool IsHandshakeFinished => LibSsl.SSL_is_init_finished(_ssl) == 1;

    /// <summary>What libssl has sealed so far.</summary>
    public SealedRecords Sealed => _sealed;

    public string CipherSuite => Text(LibSsl.SSL_CIPHER_get_name(LibSsl.SSL_get_current_cipher(_ssl)));

    public string Version => Text(LibSsl.SSL_get_version(_ssl));

    public bool HasExtendedMasterSecret => LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlGetExtendedMasterSecret, 0, null) == 1;

    /// <summary>Records of the last datagram, or ones that came early, are waiting to be read.</summary>
    public bool HasPendingRecords => LibSsl.SSL_has_pending(_ssl) == 1;

    /// <summary>Rest of a record that was longer than the caller's buffer.</summary>
    public int PendingRecordBytes => LibSsl.SSL_pending(_ssl);

    public SslOutcome Handshake(ReadOnlySpan<byte> datagram)
    {
        var previous = Enter();
        try
        {
            fixed (byte* first = datagram)
            {
                Offer(first, datagram.Length);
                var result = LibSsl.SSL_do_handshake(_ssl);
                return result == 1 ? SslOutcome.Done : Outcome(result);
            }
        }
        finally
        {
            Exit(previous);
        }
    }

    public SslOutcome Read(ReadOnlySpan<byte> datagram, Span<byte> plaintext, out int plaintextBytes)
    {
        var previous = Enter();
        try
        {
            fixed (byte* first = datagram)
            fixed (byte* target = plaintext)
            {
                Offer(first, datagram.Length);
                var result = LibSsl.SSL_read(_ssl, target, plaintext.Length);
                plaintextBytes = Math.Max(result, 0);
                return result > 0 ? SslOutcome.Done : Outcome(result);
            }
        }
        finally
        {
            Exit(previous);
        }
    }

    public SslOutcome Write(ReadOnlySpan<byte> plaintext)
    {
        var previous = Enter();
        try
        {
            fixed (byte* first = plaintext)
            {
                var result = LibSsl.SSL_write(_ssl, first, plaintext.Length);
                return result == plaintext.Length ? SslOutcome.Done : Outcome(result);
            }
        }
        finally
        {
            Exit(previous);
        }
    }

    /// <summary>Sends the flight in the air again. WantDatagram when libssl's own clock says that it is too early
    /// (Aligned only).</summary>
    public SslOutcome Retransmit()
    {
        var previous = Enter();
        try
        {
            if (_timerControl == SslTimerControl.Direct && _timerField != null && IsTimerRunning)
            {
                // One second after 1970: long past, and not the zero that stands for a stopped timer.
                *_timerField = new TimeValue { Seconds = 1, Microseconds = 0 };
            }

            var result = LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlHandleTimeout, 0, null);
            return result > 0 ? SslOutcome.Done : result == 0 ? SslOutcome.WantDatagram : SslOutcome.Failed;
        }
        finally
        {
            Exit(previous);
        }
    }

    /// <summary>What libssl's own timer has left; zero when it is stopped or due.</summary>
    public TimeSpan TimerRemaining()
    {
        TimeValue left = default;
        return LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlGetTimeout, 0, &left) == 1
            ? TimeSpan.FromSeconds(left.Seconds) + TimeSpan.FromMicroseconds(left.Microseconds)
            : TimeSpan.Zero;
    }

    public void SendCloseNotify()
    {
        var previous = Enter();
        try
        {
            // 0 only says that the peer's close_notify has not come; nobody waits for it.
            _ = LibSsl.SSL_shutdown(_ssl);
            LibCrypto.ERR_clear_error();
        }
        finally
        {
            Exit(previous);
        }
    }

    public bool TryExport(ReadOnlySpan<byte> label, Span<byte> output)
    {
        ThrowIfEntered();
        fixed (byte* labelFirst = label, outputFirst = output)
        {
            return LibSsl.SSL_export_keying_material(
                _ssl, outputFirst, (nuint)output.Length, labelFirst, (nuint)label.Length, null, 0, 0) == 1;
        }
    }

    /// <summary>Derives the keys of the records of this session, which must be established.</summary>
    /// <param name="memory">As of <see cref="RecordKeys.Derive"/>.</param>
    public RecordKeys DeriveRecordKeys(Span<byte> memory)
    {
        ThrowIfEntered();
        LibCrypto.ERR_clear_error();
        return RecordKeys.Derive(_ssl, memory);
    }

    public void Dispose()
    {
        ThrowIfEntered();
        _timerField = null;
        _handle.Dispose();
        PeerCertificate?.Dispose();
    }

    internal void Emit(byte* bytes, int count)
    {
        try
        {
            var datagram = new ReadOnlySpan<byte>(bytes, count);
            _sealed.Note(datagram);
            Output.Send(datagram);
        }
        catch (Exception exception)
        {
            // Rethrown by Exit, once the native frames are gone.
            _outputFault ??= exception;
        }
    }

    internal bool TryTakeDatagram(byte* buffer, int capacity, out int taken)
    {
        taken = 0;
        if (!_hasDatagram)
        {
            return false;
        }

        // A datagram longer than libssl's buffer of a record is cut and then fails its length check, as a long one in a
        // socket would.
        _hasDatagram = false;
        taken = Math.Min(_datagramBytes, capacity);
        Buffer.MemoryCopy(_datagram, buffer, capacity, taken);
        return true;
    }

    internal uint OnTimer(uint previousMicroseconds)
    {
        // libssl passes 0 when a new flight starts and the last interval when one is sent again.
        if (previousMicroseconds == 0)
        {
            IntervalMicroseconds = _initialMicroseconds;
            Retransmissions = 0;
        }
        else
        {
            IntervalMicroseconds = Math.Min(IntervalMicroseconds * 2, _maximumMicroseconds);
            Retransmissions++;
        }

        return _timerControl == SslTimerControl.Aligned ? IntervalMicroseconds : NeverMicroseconds;
    }

    internal void OnTimerSet(TimeValue* deadline)
    {
        IsTimerRunning = deadline->Seconds != 0 || deadline->Microseconds != 0;
        WasTimerStarted |= IsTimerRunning;
        if (_timerControl == SslTimerControl.Direct)
        {
            _timerField = deadline;
        }
        else if (_timerControl == SslTimerControl.Probe && IsTimerRunning)
        {
            deadline->Seconds += SslTimerProbe.ProbeSeconds;
        }
    }

    internal void NotePeerAlert(int value) => PeerAlert = IsFatal(value) ? (byte)value : PeerAlert;

    internal void NoteSentAlert(int value) => SentAlert = IsFatal(value) ? (byte)value : SentAlert;

    internal void NoteVerifierFault(Exception exception)
    {
        VerifierFailure = DtlsFailure.PeerCertificateRefused;
        VerifierDetail = $"the verifier threw {exception.GetType().Name}: {exception.Message}";
    }

    /// <summary>Returns 0 or the X509_V_ERR_* code that makes libssl send the wanted alert.</summary>
    internal int VerifyPeer(nint store)
    {
        PeerCertificate?.Dispose();
        PeerCertificate = null;
        var (failure, detail, error) = PeerCertificateReader.Judge(store, Verifier, out var leaf);
        PeerCertificate = leaf;
        VerifierFailure = failure;
        VerifierDetail = detail;
        return error;
    }

    private static bool IsFatal(int alert) => (alert >> 8) == 2;

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private void Offer(byte* datagram, int bytes)
    {
        _datagram = datagram;
        _datagramBytes = bytes;
        _hasDatagram = bytes > 0;
    }

    private SslEngine? Enter()
    {
        ThrowIfEntered();
        ObjectDisposedException.ThrowIf(_handle.IsClosed, typeof(DtlsSession));
        var previous = SslCallbacks.Active;
        SslCallbacks.Active = this;
        _isEntered = true;
        WasTimerStarted = false;
        LibCrypto.ERR_clear_error();
        return previous;
    }

    private void Exit(SslEngine? previous)
    {
        _datagram = null;
        _hasDatagram = false;
        _isEntered = false;
        SslCallbacks.Active = previous;
        if (_outputFault is { } fault)
        {
            _outputFault = null;
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    private SslOutcome Outcome(int result)
    {
        switch (LibSsl.SSL_get_error(_ssl, result))
        {
            case LibSsl.ErrorWantRead:
                return SslOutcome.WantDatagram;
            case LibSsl.ErrorZeroReturn:
                return SslOutcome.PeerClosed;
            default:
                // A dropped record may leave an entry in the error queue, which SSL_get_error takes for a failure.
                // The state machine knows: after a fatal error its name is SSLERR (SSL_state_string(3)).
                if (MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LibSsl.SSL_state_string(_ssl)).SequenceEqual("SSLERR"u8))
                {
                    return SslOutcome.Failed;
                }

                LibCrypto.ERR_clear_error();
                return SslOutcome.WantDatagram;
        }
    }

    private void ThrowIfEntered()
    {
        if (_isEntered)
        {
            throw new InvalidOperationException("A DTLS session was called from inside its own output or verifier.");
        }
    }
}
