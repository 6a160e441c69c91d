using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls.Tls;

/// <summary>
/// Settings and certificate of a TLS 1.3 server, shared by its handshakes: AES-GCM suites only, no resumption, every client is asked for a certificate and may show any or none. A handshake proves that the client has the
/// certificate's key, no more. Usable from several threads at once.
/// </summary>
public sealed class TlsServerContext : IDisposable
{
    private const string Suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";

    private readonly SslContextHandle _handle;
    private readonly byte[][] _protocols;

    private TlsServerContext(SslContextHandle handle, byte[][] protocols)
    {
        _handle = handle;
        _protocols = protocols;
    }

    /// <summary>Loads the certificate.</summary>
    /// <param name="certificate">With its ECDSA key.</param>
    /// <param name="protocols">Application protocols (ALPN), the preferred one first; a client that offers none of them is refused, one that offers nothing at all is not.</param>
    /// <exception cref="DtlsUnavailableException">OpenSSL 3 is missing or too old.</exception>
    public static TlsServerContext Create(X509Certificate2 certificate, IReadOnlyList<string> protocols)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(protocols);
        OpenSslLibrary.Require();
        return new TlsServerContext(CreateNative(certificate), [.. protocols.Select(Encoding.ASCII.GetBytes)]);
    }

    /// <summary>Begins a handshake: it waits for the client's first bytes.</summary>
    public TlsServerHandshake CreateHandshake()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        var added = false;
        try
        {
            _handle.DangerousAddRef(ref added);
            var ssl = LibSsl.SSL_new(_handle.DangerousGetHandle());
            return ssl != 0 ? new TlsServerHandshake(new TlsEngine(new SslHandle(ssl), _protocols)) : throw OpenSslErrors.Exception("SSL_new");
        }
        finally
        {
            if (added)
            {
                _handle.DangerousRelease();
            }
        }
    }

    /// <summary>Handshakes that are under way go on.</summary>
    public void Dispose() => _handle.Dispose();

    private static unsafe SslContextHandle CreateNative(X509Certificate2 certificate)
    {
        LibCrypto.ERR_clear_error();
        var context = LibSsl.SSL_CTX_new(LibSsl.TLS_server_method());
        if (context == 0)
        {
            throw OpenSslErrors.Exception("SSL_CTX_new");
        }

        var handle = new SslContextHandle(context);
        try
        {
            SslContextFactory.Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetMinProtoVersion, LibSsl.Tls13, null), "minimum version");
            SslContextFactory.Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetMaxProtoVersion, LibSsl.Tls13, null), "maximum version");
            fixed (byte* suites = DtlsContext.CString(Suites))
            {
                SslContextFactory.Check(LibSsl.SSL_CTX_set_ciphersuites(context, suites), "cipher suites");
            }

            // A resumed handshake would bring no certificate of the client.
            SslContextFactory.Check(LibSsl.SSL_CTX_set_num_tickets(context, 0), "tickets");
            LibSsl.SSL_CTX_set_options(context, LibSsl.OpNoTicket | LibSsl.OpNoCompression | LibSsl.OpNoRenegotiation | LibSsl.OpCipherServerPreference);
            LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlMode, LibSsl.ModeNoAutoChain, null);
            LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetSessionCacheMode, 0, null);
            LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetMaxCertList, SslContextFactory.MaxPeerChainBytes, null);
            LibSsl.SSL_CTX_set_verify(context, LibSsl.VerifyPeer, 0);
            LibSsl.SSL_CTX_set_cert_verify_callback(context, &TlsCallbacks.VerifyCertificate, 0);
            LibSsl.SSL_CTX_set_keylog_callback(context, &TlsCallbacks.OnKey);
            LibSsl.SSL_CTX_set_alpn_select_cb(context, &TlsCallbacks.SelectProtocol, 0);
            SslContextFactory.UseCertificate(context, certificate);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
