using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls.Tls;

/// <summary>
/// One TLS 1.3 handshake of a server on libssl, driven by the caller: bytes of the client in, bytes to the client out. When it is done <see cref="TakeRecords"/> gives the keys of both directions, and
/// libssl's object, 70 KB of it, is freed. One thread at a time.
/// </summary>
public sealed class TlsServerHandshake : IDisposable
{
    private readonly TlsEngine _engine;

    internal TlsServerHandshake(TlsEngine engine) => _engine = engine;

    /// <summary>What is to be sent to the client, an alert after a failure; valid until <see cref="ClearOutput"/>.</summary>
    public ReadOnlyMemory<byte> Output => _engine.Output;

    /// <summary>Takes the certificate whose key the client has proven to hold, once done; the caller disposes it. Null when it showed none.</summary>
    public X509Certificate2? TakePeerCertificate()
    {
        var certificate = _engine.PeerCertificate;
        _engine.PeerCertificate = null;
        return certificate;
    }

    /// <summary>The negotiated application protocol, once done; empty when the client offered none.</summary>
    public string Protocol => _engine.Protocol;

    /// <summary>The suite's name, once done: TLS_AES_128_GCM_SHA256 or TLS_AES_256_GCM_SHA384.</summary>
    public string CipherSuite => _engine.CipherSuite;

    /// <summary>What failed, in OpenSSL's words. Empty when nothing did.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>The output is on its way.</summary>
    public void ClearOutput() => _engine.ClearOutput();

    /// <summary>Goes on with what the client sent.</summary>
    /// <param name="input">Any bytes.</param>
    /// <param name="consumed">How many belong to the handshake; once it is done the rest are records.</param>
    /// <returns>True when it is done; false when it needs more or has failed, which <see cref="Failure"/> tells.</returns>
    public bool Advance(ReadOnlySpan<byte> input, out int consumed)
    {
        switch (_engine.Advance(input, out consumed))
        {
            case SslOutcome.Done:
                return true;
            case SslOutcome.Failed:
                Failure = OpenSslErrors.Drain().Detail;
                return false;
            default:
                return false;
        }
    }

    /// <summary>Takes over both directions of a handshake that is done. libssl must not be asked for anything afterwards.</summary>
    /// <exception cref="CryptographicException">libssl did not tell the keys, or holds bytes of the client back.</exception>
    public TlsRecords TakeRecords()
    {
        var suite = RecordSuite.Of(_engine.CipherSuiteId);
        if (suite is null || _engine.HasPending || !_engine.TryGetSecrets(out var client, out var server))
        {
            throw new CryptographicException("OpenSSL did not hand the records of a TLS handshake over.");
        }

        return new TlsRecords(suite, client, server);
    }

    /// <summary>Frees libssl's object and erases the secrets that it told.</summary>
    public void Dispose() => _engine.Dispose();
}
