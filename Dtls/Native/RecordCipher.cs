using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// One direction's AES-GCM in libcrypto, in the mode that libssl itself uses for TLS 1.2 (EVP_EncryptInit(3), "TLS mode"): the 13 bytes of additional data are a parameter, then one call takes
/// explicit nonce, text and tag in place. Every nonce is made inside the provider: salt, and a counter with a random beginning. Single owner.
/// </summary>
internal sealed unsafe class RecordCipher : CipherContext
{
    /// <summary>Sequence 8, type 1, version 2, length 2 (RFC 5246 §6.2.3.3; the sequence has the epoch in front, RFC 6347 §4.1.2.1).</summary>
    private const int AdditionalBytes = 13;

    private const int SaltBytes = 4;

    /// <summary>Arbitrary: a beginning that collides comes once in 2^38.</summary>
    private const int AttemptsMax = 8;

    /// <summary>OSSL_CIPHER_PARAM_AEAD_TLS1_AAD. A literal of bytes lies in the mapped image and never moves.</summary>
    private static readonly byte* AdditionalName = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference("tlsaad\0"u8));

    private RecordCipher(RecordSuite suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, bool isSealing)
        : base(suite, key, isSealing)
    {
        if (!TrySetSalt(salt))
        {
            Dispose();
            throw OpenSslErrors.Exception(suite.Cipher);
        }
    }

    /// <summary>Explicit nonces that must not come again under this key, as <see cref="SealedRecords"/> saw them: the first and how many.</summary>
    /// <param name="suite">The negotiated one.</param>
    /// <param name="key">Copied.</param>
    /// <param name="salt">4 bytes.</param>
    /// <param name="usedFirst">First explicit nonce that is used up.</param>
    /// <param name="usedCount">How many are.</param>
    /// <param name="firstNonce">Explicit nonce of the first record; the next <see cref="RecordLimits.RecordsMax"/> are free.</param>
    public static RecordCipher ForSealing(RecordSuite suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, ulong usedFirst, ulong usedCount, out ulong firstNonce)
    {
        var cipher = new RecordCipher(suite, key, salt, isSealing: true);
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            if (!cipher.TryReadNonce(out firstNonce))
            {
                break;
            }

            // On the circle of 2^64 neither range begins inside the other.
            if (unchecked(usedFirst - firstNonce) >= (ulong)RecordLimits.RecordsMax && unchecked(firstNonce - usedFirst) >= usedCount)
            {
                return cipher;
            }

            if (!cipher.TrySetSalt(salt))
            {
                break;
            }
        }

        cipher.Dispose();
        throw OpenSslErrors.Exception("nonce of " + suite.Cipher);
    }

    public static RecordCipher ForOpening(RecordSuite suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt) => new(suite, key, salt, isSealing: false);

    /// <summary>EVP_CIPHER_fetch in the default library context: the FIPS provider's when that is the one configured.</summary>
    public static nint Fetch(string name)
    {
        fixed (byte* text = DtlsContext.CString(name))
        {
            var cipher = LibCrypto.EVP_CIPHER_fetch(0, text, null);
            return cipher != 0 ? cipher : throw OpenSslErrors.Exception(name);
        }
    }

    /// <summary>Seals a record whose header is written and whose plaintext is in place; writes explicit nonce and tag.</summary>
    public bool TrySeal(Span<byte> record) => Run(record, DtlsRecord.TagBytes);

    /// <summary>Opens a record in place. A failure overwrites the text with zeros.</summary>
    public bool TryOpen(Span<byte> record) => Opened(Run(record, 0));

    // EVP_CTRL_GCM_SET_IV_FIXED: when it seals, the provider draws the beginning of its 8-byte counter at random, as libssl has it do.
    private bool TrySetSalt(ReadOnlySpan<byte> salt)
    {
        fixed (byte* first = salt)
        {
            return LibCrypto.EVP_CIPHER_CTX_ctrl(handle, LibCrypto.EvpCtrlGcmSetIvFixed, SaltBytes, first) == 1;
        }
    }

    private bool TryReadNonce(out ulong explicitNonce)
    {
        var nonce = stackalloc byte[SaltBytes + DtlsRecord.NonceBytes];
        var isRead = LibCrypto.EVP_CIPHER_CTX_get_updated_iv(handle, nonce, SaltBytes + DtlsRecord.NonceBytes) == 1;
        explicitNonce = BinaryPrimitives.ReadUInt64BigEndian(new ReadOnlySpan<byte>(nonce + SaltBytes, DtlsRecord.NonceBytes));
        return isRead;
    }

    [SkipLocalsInit]
    private bool Run(Span<byte> record, int notInLength)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        fixed (byte* first = record)
        {
            // libcrypto subtracts the nonce from the length, and the tag only when it opens.
            var bodyBytes = record.Length - DtlsRecord.HeaderBytes;
            var length = bodyBytes - notInLength;
            var additional = stackalloc byte[AdditionalBytes];
            Unsafe.CopyBlockUnaligned(additional, first + 3, 8);
            Unsafe.CopyBlockUnaligned(additional + 8, first, 3);
            additional[11] = (byte)(length >> 8);
            additional[12] = (byte)length;

            var parameters = stackalloc OsslParam[2];
            parameters[0] = new OsslParam(AdditionalName, LibCrypto.ParamOctetString, additional, AdditionalBytes);
            parameters[1] = default;
            var isDone = TryCrypt(handle, parameters, first + DtlsRecord.HeaderBytes, (uint)bodyBytes);
            GC.KeepAlive(this);
            return isDone;
        }
    }

    // Alone on purpose. libcrypto's code uses SSE registers, and the first such instruction after AVX code that left their upper halves in use costs 430 ns on Intel's Sapphire Rapids: more than
    // the record. The JIT clears the upper halves (vzeroupper) where a method with a P/Invoke begins, not before the call; whatever sets memory in the same method puts them in use again.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryCrypt(nint context, OsslParam* parameters, byte* body, uint bodyBytes) =>
        LibCrypto.EVP_CIPHER_CTX_set_params(context, parameters) == 1 && LibCrypto.EVP_Cipher(context, body, body, bodyBytes) == (int)bodyBytes;
}
