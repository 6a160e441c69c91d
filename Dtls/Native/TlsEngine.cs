using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls.Native;

/// <summary>One SSL object of a TLS 1.3 server during its handshake: makes the native calls and receives the callbacks. One thread at a time.</summary>
internal sealed unsafe class TlsEngine : IDisposable
{
    /// <summary>A server's flight: hello, extensions, a certificate request, one certificate, a signature, Finished.</summary>
    private const int OutputBytes = 2_048;

    /// <summary>A secret is as long as the suite's hash: SHA-256 or SHA-384.</summary>
    private const int SecretBytesMax = 48;

    private readonly SslHandle _handle;
    private readonly nint _ssl;
    private readonly byte[][] _protocols;
    private readonly ArrayBufferWriter<byte> _output = new(OutputBytes);
    private byte* _input;
    private int _inputBytes;
    private byte[]? _secrets;
    private int _clientSecretBytes;
    private int _serverSecretBytes;

    public TlsEngine(SslHandle handle, byte[][] protocols)
    {
        _handle = handle;
        _ssl = handle.Pointer;
        _protocols = protocols;
        try
        {
            var bio = TlsCallbacks.NewBio();

            // One reference serves both directions (SSL_set_bio(3)).
            LibSsl.SSL_set_bio(_ssl, bio, bio);
            LibSsl.SSL_set_accept_state(_ssl);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    /// <summary>The client's leaf; null when it showed none.</summary>
    public X509Certificate2? PeerCertificate { get; set; }

    /// <summary>What is to be sent.</summary>
    public ReadOnlyMemory<byte> Output => _output.WrittenMemory;

    /// <summary>The negotiated application protocol; empty when the client offered none.</summary>
    public string Protocol
    {
        get
        {
            byte* name;
            uint bytes;
            LibSsl.SSL_get0_alpn_selected(_ssl, &name, &bytes);
            return name == null ? "" : System.Text.Encoding.ASCII.GetString(name, (int)bytes);
        }
    }

    /// <summary>libssl's name of the suite.</summary>
    public string CipherSuite => Marshal.PtrToStringUTF8((nint)LibSsl.SSL_CIPHER_get_name(LibSsl.SSL_get_current_cipher(_ssl))) ?? "";

    /// <summary>The suite's number.</summary>
    public ushort CipherSuiteId => LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(_ssl));

    /// <summary>Whether libssl holds bytes that it has not dealt with.</summary>
    public bool HasPending => LibSsl.SSL_has_pending(_ssl) == 1;

    public void ClearOutput() => _output.ResetWrittenCount();

    /// <summary>Goes on with what the client sent.</summary>
    /// <param name="input">Any bytes.</param>
    /// <param name="consumed">How many libssl took; the rest follows the handshake.</param>
    public SslOutcome Advance(ReadOnlySpan<byte> input, out int consumed)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        TlsCallbacks.Active = this;
        LibCrypto.ERR_clear_error();
        try
        {
            fixed (byte* first = input)
            {
                _input = first;
                _inputBytes = input.Length;
                var result = LibSsl.SSL_do_handshake(_ssl);
                consumed = input.Length - _inputBytes;
                return result == 1 ? SslOutcome.Done
                    : LibSsl.SSL_get_error(_ssl, result) == LibSsl.ErrorWantRead ? SslOutcome.WantDatagram
                    : SslOutcome.Failed;
            }
        }
        finally
        {
            _input = null;
            _inputBytes = 0;
            TlsCallbacks.Active = null;
        }
    }

    /// <summary>The secrets of both directions' application data, from the callback that libssl has for key logs: it has no other way to tell them.</summary>
    /// <returns>False when it did not.</returns>
    public bool TryGetSecrets(out ReadOnlySpan<byte> client, out ReadOnlySpan<byte> server)
    {
        client = _secrets.AsSpan(0, _clientSecretBytes);
        server = _secrets is null ? default : _secrets.AsSpan(SecretBytesMax, _serverSecretBytes);
        return !client.IsEmpty && !server.IsEmpty;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_secrets);
        PeerCertificate?.Dispose();
        _handle.Dispose();
    }

    internal void Emit(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    internal int Take(Span<byte> buffer)
    {
        var taken = Math.Min(buffer.Length, _inputBytes);
        new ReadOnlySpan<byte>(_input, taken).CopyTo(buffer);
        _input += taken;
        _inputBytes -= taken;
        return taken;
    }

    // NSS's key log: label, client random, secret, the last two in hexadecimal digits.
    internal void NoteKey(ReadOnlySpan<byte> line)
    {
        var secret = line[(line.LastIndexOf((byte)' ') + 1)..];
        if (line.StartsWith("CLIENT_TRAFFIC_SECRET_0 "u8))
        {
            _clientSecretBytes = Keep(secret, 0);
        }
        else if (line.StartsWith("SERVER_TRAFFIC_SECRET_0 "u8))
        {
            _serverSecretBytes = Keep(secret, SecretBytesMax);
        }
    }

    // Ours is the preference. Each name stands behind its length (RFC 7301 §3.1).
    internal (int Offset, int Bytes) ChooseProtocol(ReadOnlySpan<byte> offered)
    {
        foreach (var protocol in _protocols)
        {
            for (var offset = 0; offset < offered.Length; offset += 1 + offered[offset])
            {
                var name = offered[(offset + 1)..];
                if (name.Length >= offered[offset] && name[..offered[offset]].SequenceEqual(protocol))
                {
                    return (offset + 1, protocol.Length);
                }
            }
        }

        return default;
    }

    private int Keep(ReadOnlySpan<byte> hexadecimal, int offset)
    {
        // Pinned: the collector must not leave copies behind. One for both, since a pinned array is dear to allocate.
        _secrets ??= GC.AllocateUninitializedArray<byte>(2 * SecretBytesMax, pinned: true);
        return Convert.FromHexString(hexadecimal, _secrets.AsSpan(offset, SecretBytesMax), out _, out var bytes) == OperationStatus.Done ? bytes : 0;
    }
}
