using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// The functions that libssl calls in a TLS handshake. As <see cref="SslCallbacks"/>: each finds its engine in a thread-static field, and no exception crosses into native code.
/// </summary>
internal static unsafe class TlsCallbacks
{
    private static readonly Lazy<BioMethod> Method = new(static () => new BioMethod("orleans-uem stream\0"u8, &OnWrite, &OnRead, &OnControl));

    [ThreadStatic]
    private static TlsEngine? _active;

    /// <summary>The engine whose native call runs on this thread.</summary>
    public static TlsEngine? Active
    {
        get => _active;
        set => _active = value;
    }

    /// <summary>A BIO of our own type: reads hand out what the current call was given, writes are gathered.</summary>
    public static nint NewBio() => Method.Value.NewBio();

    /// <summary>Takes every certificate: the handshake proves its key, and who it is and whether it is trusted is judged by those who know the tenant.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int VerifyCertificate(nint store, nint argument)
    {
        try
        {
            if (_active is { } engine && PeerCertificateReader.Load(LibCrypto.X509_STORE_CTX_get0_cert(store)) is { } certificate)
            {
                engine.PeerCertificate?.Dispose();
                engine.PeerCertificate = certificate;
                return 1;
            }
        }
        catch (Exception)
        {
            // Out of memory at most: the handshake fails, the process does not.
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void OnKey(nint ssl, byte* line)
    {
        try
        {
            _active?.NoteKey(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line));
        }
        catch (Exception)
        {
            // A line of another form: the keys are missed when they are taken.
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int SelectProtocol(nint ssl, byte** chosen, byte* chosenBytes, byte* offered, uint offeredBytes, nint argument)
    {
        // What is chosen must lie in memory that outlives the call: the peer's own bytes do.
        if (_active is { } engine && engine.ChooseProtocol(new ReadOnlySpan<byte>(offered, (int)offeredBytes)) is var (offset, bytes) && bytes > 0)
        {
            *chosen = offered + offset;
            *chosenBytes = (byte)bytes;
            return LibSsl.AlpnAccepted;
        }

        return LibSsl.AlpnAlertFatal;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnWrite(nint bio, byte* bytes, int count)
    {
        try
        {
            _active?.Emit(new ReadOnlySpan<byte>(bytes, count));
            return count;
        }
        catch (Exception)
        {
            // Out of memory at most: libssl then fails the handshake.
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRead(nint bio, byte* buffer, int capacity) => BioMethod.EndRead(bio, _active?.Take(new Span<byte>(buffer, capacity)) ?? 0);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnControl(nint bio, int command, nint number, void* argument) => command == LibCrypto.BioCtrlFlush ? 1 : 0;
}
