using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// The functions that libssl calls. Each finds its engine in a thread-static field, which the engine sets around every
/// native call; so no
/// GCHandle keeps an abandoned session alive. No exception may cross into native code: each callback catches
/// everything.
/// Calls without an active engine come from SSL_free on the finalizer thread and get neutral answers.
/// </summary>
internal static unsafe class SslCallbacks
{
    private const int VerdictRefused = 0;
    private const int VerdictAccepted = 1;

    /// <summary>X509_V_ERR_UNSPECIFIED, sent as internal_error, for a verifier that threw.</summary>
    private const int VerifyErrorUnspecified = 1;

    private static readonly Lazy<BioMethod> Method = new(static () => new BioMethod("orleans-uem datagram\0"u8, &OnWrite, &OnRead, &OnControl));

    [ThreadStatic]
    private static SslEngine? _active;

    /// <summary>The engine whose native call runs on this thread. Calls nest when an output feeds another
    /// session.</summary>
    public static SslEngine? Active
    {
        get => _active;
        set => _active = value;
    }

    /// <summary>A BIO of our own type: reads hand out the one datagram of the current call, writes go to the
    /// output.</summary>
    public static nint NewBio() => Method.Value.NewBio();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int VerifyCertificate(nint store, nint argument)
    {
        try
        {
            if (_active is not { } engine)
            {
                return VerdictRefused;
            }

            var error = engine.VerifyPeer(store);
            if (error == 0)
            {
                return VerdictAccepted;
            }

            LibCrypto.X509_STORE_CTX_set_error(store, error);
        }
        catch (Exception exception)
        {
            // Our bug or the caller's verifier: the handshake fails, the process does not.
            _active?.NoteVerifierFault(exception);
            LibCrypto.X509_STORE_CTX_set_error(store, VerifyErrorUnspecified);
        }

        return VerdictRefused;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void OnInfo(nint ssl, int kind, int value)
    {
        if (_active is { } engine)
        {
            if (kind == LibSsl.InfoReadAlert)
            {
                engine.NotePeerAlert(value);
            }
            else if (kind == LibSsl.InfoWriteAlert)
            {
                engine.NoteSentAlert(value);
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static uint OnTimer(nint ssl, uint previousMicroseconds) =>
        _active?.OnTimer(previousMicroseconds) ?? SslEngine.NeverMicroseconds;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnWrite(nint bio, byte* bytes, int count)
    {
        // A datagram that the output fails to send counts as sent: to DTLS it is a lost one.
        _active?.Emit(bytes, count);
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRead(nint bio, byte* buffer, int capacity)
    {
        var taken = 0;
        _ = _active?.TryTakeDatagram(buffer, capacity, out taken);
        return BioMethod.EndRead(bio, taken);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnControl(nint bio, int command, nint number, void* argument)
    {
        switch (command)
        {
            case LibCrypto.BioCtrlFlush:
                return 1;
            case LibCrypto.BioCtrlDgramSetNextTimeout:
                _active?.OnTimerSet((TimeValue*)argument);
                return 1;
            case LibCrypto.BioCtrlDgramQueryMtu:
            case LibCrypto.BioCtrlDgramGetMtu:
            case LibCrypto.BioCtrlDgramGetFallbackMtu:
                return _active?.HandshakeMtuBytes ?? DtlsContextOptions.MaxDatagramBytesMin;
            case LibCrypto.BioCtrlDgramGetMtuOverhead:
                // Limits here are datagram bytes already; nothing is added around them.
                return 0;
            default:
                return 0;
        }
    }
}
