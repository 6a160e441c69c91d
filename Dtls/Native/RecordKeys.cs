using System.Security.Cryptography;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// The key block of a DTLS 1.2 session: PRF(master secret, "key expansion", server random + client random), cut into the clients's and the server's key and salt (RFC 5246 §6.3, RFC 5288 §3). The PRF is
/// libcrypto's TLS1-PRF. Nothing outlives <see cref="Dispose"/>.
/// </summary>
internal unsafe ref struct RecordKeys
{
    private const int MasterSecretBytes = 48;
    private const int RandomBytes = 32;
    private const int SaltBytes = 4;

    private readonly RecordSuite _suite;
    private readonly Span<byte> _block;

    private RecordKeys(RecordSuite suite, Span<byte> block)
    {
        _suite = suite;
        _block = block;
    }

    /// <summary>The longest block: AES-256.</summary>
    public const int BlockBytesMax = 2 * (32 + SaltBytes);

    /// <param name="ssl">Established.</param>
    /// <param name="memory"><see cref="BlockBytesMax"/> bytes; erased by <see cref="Dispose"/>.</param>
    public static RecordKeys Derive(nint ssl, Span<byte> memory)
    {
        var id = LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(ssl));
        var suite = RecordSuite.Of(id) ?? throw new CryptographicException($"OpenSSL agreed on suite 0x{id:X4}, whose records are not known here.");
        var master = stackalloc byte[MasterSecretBytes];
        var seed = stackalloc byte[2 * RandomBytes];
        try
        {
            if (LibSsl.SSL_SESSION_get_master_key(LibSsl.SSL_get_session(ssl), master, MasterSecretBytes) != MasterSecretBytes
                || LibSsl.SSL_get_server_random(ssl, seed, RandomBytes) != RandomBytes
                || LibSsl.SSL_get_client_random(ssl, seed + RandomBytes, RandomBytes) != RandomBytes)
            {
                throw OpenSslErrors.Exception("master secret");
            }

            var block = memory[..(2 * (suite.KeyBytes + SaltBytes))];
            Tls12Prf.Derive(suite.PrfDigest, new ReadOnlySpan<byte>(master, MasterSecretBytes), "key expansion"u8, new ReadOnlySpan<byte>(seed, 2 * RandomBytes), block);
            return new RecordKeys(suite, block);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(master, MasterSecretBytes));
        }
    }

    public readonly RecordCipher ForOpening(DtlsRole writer) => RecordCipher.ForOpening(_suite, Key(writer), Salt(writer));

    /// <param name="writer">This end.</param>
    /// <param name="used">Its nonces that libssl has used under this key.</param>
    /// <param name="firstNonce">As of <see cref="RecordCipher.ForSealing"/>.</param>
    public readonly RecordCipher ForSealing(DtlsRole writer, SealedRecords used, out ulong firstNonce) =>
        RecordCipher.ForSealing(_suite, Key(writer), Salt(writer), used.FirstNonce, used.Count, out firstNonce);

    public readonly void Dispose() => CryptographicOperations.ZeroMemory(_block);

    private readonly ReadOnlySpan<byte> Key(DtlsRole writer) => _block.Slice(writer == DtlsRole.Client ? 0 : _suite.KeyBytes, _suite.KeyBytes);

    private readonly ReadOnlySpan<byte> Salt(DtlsRole writer) => _block.Slice((2 * _suite.KeyBytes) + (writer == DtlsRole.Client ? 0 : SaltBytes), SaltBytes);
}
