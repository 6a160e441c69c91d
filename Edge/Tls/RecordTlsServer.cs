using System.Buffers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Fips;
using OrleansUem.Dtls.Tls;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Tls;

/// <summary>
/// TLS 1.3 of the edge's listeners: libssl does the handshake, <see cref="RecordTlsStream"/> the records afterwards (docs/decisions/0007). An idle connection holds nothing of OpenSSL, where SslStream
/// holds 75 KB, and a handshake costs half.
/// </summary>
internal sealed class RecordTlsServer : ITlsServer, IDisposable
{
    /// <summary>A client's second flight with a certificate of ours is 1,000 bytes.</summary>
    private const int ReadBytes = 4_096;

    private readonly TlsServerContext _context;
    private readonly IReadOnlyList<string> _alpns;

    private RecordTlsServer(TlsServerContext context, IReadOnlyList<string> alpns) => (_context, _alpns) = (context, alpns);

    /// <summary>For one listener.</summary>
    /// <param name="certificate">With its key.</param>
    /// <param name="alpns">Application protocols, the preferred one first.</param>
    /// <returns>Null where SslStream is to do it: in FIPS mode, since a nonce that we count is none of the module's, and where libssl is missing.</returns>
    public static RecordTlsServer? TryCreate(X509Certificate2 certificate, IReadOnlyList<string> alpns) =>
        FipsMode.IsEnabled || DtlsContext.FindMissingLibrary() is not null ? null : new RecordTlsServer(TlsServerContext.Create(certificate, alpns), alpns);

    public async Task<TlsHandshakeResult> AuthenticateAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var handshake = _context.CreateHandshake();
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            while (true)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(0, ReadBytes), cancellationToken);
                if (read == 0)
                {
                    throw new IOException("The peer hung up during the handshake.");
                }

                var isDone = handshake.Advance(buffer.AsSpan(0, read), out var consumed);
                if (!handshake.Output.IsEmpty)
                {
                    await stream.WriteAsync(handshake.Output, cancellationToken);
                    handshake.ClearOutput();
                }

                if (isDone)
                {
                    return new TlsHandshakeResult(
                        new RecordTlsStream(stream, handshake.TakeRecords(), buffer.AsSpan(consumed, read - consumed)),
                        _alpns.FirstOrDefault(alpn => alpn == handshake.Protocol, handshake.Protocol),
                        string.Intern($"Tls13 {handshake.CipherSuite}"), // one of the few that we offer
                        handshake.TakePeerCertificate());
                }

                if (handshake.Failure.Length > 0)
                {
                    throw new AuthenticationException("The TLS handshake failed.", new CryptographicException(handshake.Failure));
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _context.Dispose();
}
