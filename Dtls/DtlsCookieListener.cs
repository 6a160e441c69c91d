using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls;

/// <summary>
/// The front of a server on an open UDP port. A datagram from an unknown address is answered with a cookie
/// (HelloVerifyRequest, RFC 6347 §4.2.1) and forgotten; only a
/// ClientHello that returns a valid cookie makes a session. One native object is reused for all strangers, so they cost
/// no memory.
/// Single owner, as a session is; several listeners may share context and secrets.
/// </summary>
public sealed class DtlsCookieListener : IDisposable
{
    private readonly DtlsContext _context;
    private readonly DtlsCookieSecrets _secrets;
    private readonly nint _nativeAddress;
    private readonly CountingOutput _output = new();
    private SslEngine? _engine;
    private bool _isDisposed;

    public DtlsCookieListener(DtlsContext context, DtlsCookieSecrets secrets)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(secrets);
        if (context.Role != DtlsRole.Server)
        {
            throw new ArgumentException("A cookie listener needs a context with the role Server.", nameof(context));
        }

        _context = context;
        _secrets = secrets;

        // DTLSv1_listen clears this object even when the BIO knows no address, so it has to exist.
        _nativeAddress = LibCrypto.BIO_ADDR_new();
    }

    /// <summary>Datagrams that were neither a ClientHello nor answered.</summary>
    public long DatagramsIgnored { get; private set; }

    /// <summary>HelloVerifyRequests sent.</summary>
    public long CookiesSent { get; private set; }

    /// <summary>
    /// Takes a datagram from an address that has no session. Returns a session when its cookie is valid; the session
    /// has then sent its first flight
    /// and the caller keeps it under that address, unless its State is Failed already (no common suite). Null
    /// otherwise: nothing is kept.
    /// </summary>
    /// <param name="datagram">As received.</param>
    /// <param name="peerAddress">Address and port as bytes. The cookie is bound to them.</param>
    /// <param name="output">Takes the HelloVerifyRequest, and becomes the output of the session. It must send to that
    /// address.</param>
    /// <param name="now">Reading of the caller's clock.</param>
    /// <param name="verifier">Overrides <see cref="DtlsContextOptions.PeerVerifier"/>; one of both must be
    /// given.</param>
    public DtlsSession? Offer(ReadOnlySpan<byte> datagram, ReadOnlyMemory<byte> peerAddress, IDtlsOutput output, TimeSpan now, DtlsPeerVerifier? verifier = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(output);
        if (!LooksLikeClientHello(datagram))
        {
            DatagramsIgnored++;
            return null;
        }

        var engine = _engine ??= new SslEngine(_context, _output, verifier: null);
        _output.Count = 0;
        _output.Target = output;
        engine.Output = _output;
        engine.Verifier = _context.RequireVerifier(verifier);
        engine.Cookies = _secrets;
        engine.PeerAddressMemory = peerAddress;
        try
        {
            if (engine.Listen(datagram, _nativeAddress) != SslOutcome.Done)
            {
                CookiesSent += _output.Count;
                DatagramsIgnored += _output.Count == 0 ? 1 : 0;
                return null;
            }

            // From here on the engine is the session's; the next stranger gets a new one.
            _engine = null;
            engine.Output = output;
            var session = new DtlsSession(_context, engine);
            session.StartListened(now);
            return session;
        }
        finally
        {
            _output.Target = null;
            engine.Cookies = null;
            engine.PeerAddressMemory = default;
        }
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _engine?.Dispose();
            LibCrypto.BIO_ADDR_free(_nativeAddress);
        }
    }

    /// <summary>Handshake record of epoch 0 (RFC 6347 §4.1) with a ClientHello (type 1): spares libssl the
    /// rest.</summary>
    private static bool LooksLikeClientHello(ReadOnlySpan<byte> datagram) =>
        datagram.Length > 13 && datagram[0] == 22 && datagram[1] == 0xFE && datagram[3] == 0 && datagram[4] == 0 && datagram[13] == 1;

    private sealed class CountingOutput : IDtlsOutput
    {
        public int Count { get; set; }

        public IDtlsOutput? Target { get; set; }

        public void Send(ReadOnlySpan<byte> datagram)
        {
            Count++;
            Target?.Send(datagram);
        }
    }
}
