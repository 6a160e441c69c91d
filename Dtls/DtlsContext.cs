using System.Text;
using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls;

/// <summary>
/// Settings and credentials shared by many sessions. Immutable, and usable from several threads at once. Disposing it
/// leaves its sessions intact:
/// each holds its own reference to the native object.
/// </summary>
public sealed class DtlsContext : IDisposable
{
    private readonly SslContextHandle _handle;

    private DtlsContext(DtlsContextOptions options, SslContextHandle handle)
    {
        Options = options;
        _handle = handle;
    }

    public DtlsRole Role => Options.Role;

    /// <summary>Longest plaintext of one <see cref="DtlsSession.Write"/>: the datagram limit less the record's
    /// overhead.</summary>
    public int MaxPlaintextBytes => Options.MaxDatagramBytes - DtlsContextOptions.RecordOverheadBytes;

    internal DtlsContextOptions Options { get; }

    /// <summary>Whether a usable OpenSSL is installed.</summary>
    /// <returns>Null when it is; else the sentence for the operator.</returns>
    public static string? FindMissingLibrary() => OpenSslLibrary.FindProblem();

    /// <summary>Checks the options and loads the credentials.</summary>
    /// <exception cref="DtlsUnavailableException">OpenSSL 3 is missing or too old.</exception>
    /// <exception cref="ArgumentException">An option is out of its bounds; the text names option, value and
    /// bound.</exception>
    public static DtlsContext Create(DtlsContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        OpenSslLibrary.Require();
        options.Validate();
        return new DtlsContext(options, SslContextFactory.Create(options));
    }

    /// <summary>
    /// A session: a client's, or the server end of a tunnel inside an authenticated channel. A server asks for no cookie (RFC 6347 §4.2.1), so it is none for an open UDP port, where a forged address would cost it memory.
    /// </summary>
    /// <param name="output">Takes every datagram of the session.</param>
    /// <param name="verifier">Overrides <see cref="DtlsContextOptions.PeerVerifier"/>; one of both must be
    /// given.</param>
    /// <param name="handshakeBytesMax">Bound of the handshake's datagrams where it is below <see cref="DtlsContextOptions.MaxDatagramBytes"/>; not below
    /// <see cref="DtlsContextOptions.MaxDatagramBytesMin"/>.</param>
    public DtlsSession CreateSession(IDtlsOutput output, DtlsPeerVerifier? verifier = null, int handshakeBytesMax = DtlsContextOptions.MaxDatagramBytesMax)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(handshakeBytesMax, DtlsContextOptions.MaxDatagramBytesMin);
        return new DtlsSession(this, new SslEngine(this, output, RequireVerifier(verifier), handshakeBytesMax));
    }

    public void Dispose() => _handle.Dispose();

    private DtlsPeerVerifier RequireVerifier(DtlsPeerVerifier? verifier) =>
        verifier ?? Options.PeerVerifier
        ?? throw new ArgumentException("Neither the session nor DtlsContextOptions.PeerVerifier has a verifier.", nameof(verifier));

    internal SslHandle NewSsl()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        var added = false;
        try
        {
            _handle.DangerousAddRef(ref added);
            var ssl = LibSsl.SSL_new(_handle.DangerousGetHandle());
            return ssl != 0 ? new SslHandle(ssl) : throw OpenSslErrors.Exception("SSL_new");
        }
        finally
        {
            if (added)
            {
                _handle.DangerousRelease();
            }
        }
    }

    internal static byte[] CString(string text) => Encoding.ASCII.GetBytes(text + '\0');
}
