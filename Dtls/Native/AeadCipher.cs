using System.Runtime.CompilerServices;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// AES-GCM in libcrypto with key and nonce given for each call, for records of TLS 1.3, whose nonce is the sequence number (RFC 8446 §5.3). One context for each thread and suite serves all
/// sessions: setting the key costs 170 ns, and a context of its own would cost each direction of a session 1.2 KB.
/// </summary>
internal sealed unsafe class AeadCipher : CipherContext
{
    public const int NonceBytes = 12;
    public const int TagBytes = 16;

    [ThreadStatic]
    private static AeadCipher? _aes128;

    [ThreadStatic]
    private static AeadCipher? _aes256;

    private AeadCipher(RecordSuite suite)
        : base(suite, key: [], isSealing: true)
    {
    }

    /// <summary>This thread's.</summary>
    public static AeadCipher For(RecordSuite suite) => suite.KeyBytes == 16 ? _aes128 ??= new AeadCipher(suite) : _aes256 ??= new AeadCipher(suite);

    /// <summary>Seals in place.</summary>
    /// <param name="key">Of the suite's length.</param>
    /// <param name="nonce"><see cref="NonceBytes"/>; never the same twice under one key.</param>
    /// <param name="additional">Authenticated only.</param>
    /// <param name="text">Plaintext, ciphertext afterwards, and room for the tag at its end.</param>
    public bool TrySeal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additional, Span<byte> text) =>
        Run(key, nonce, additional, text, isSealing: 1);

    /// <summary>Opens in place.</summary>
    /// <param name="key">Of the suite's length.</param>
    /// <param name="nonce"><see cref="NonceBytes"/>.</param>
    /// <param name="additional">Authenticated only.</param>
    /// <param name="text">Ciphertext with the tag at its end; plaintext afterwards. Not to be looked at when the result is false.</param>
    public bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additional, Span<byte> text) =>
        Opened(Run(key, nonce, additional, text, isSealing: 0));

    private bool Run(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> additional, Span<byte> text, int isSealing)
    {
        fixed (byte* keyFirst = key, nonceFirst = nonce, additionalFirst = additional, first = text)
        {
            var isDone = TryCrypt(handle, keyFirst, nonceFirst, additionalFirst, additional.Length, first, text.Length - TagBytes, isSealing);
            GC.KeepAlive(this);
            return isDone;
        }
    }

    // Alone, as RecordCipher's call is and for the same reason.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryCrypt(nint context, byte* key, byte* nonce, byte* additional, int additionalBytes, byte* text, int textBytes, int isSealing)
    {
        int bytes;
        return LibCrypto.EVP_CipherInit_ex2(context, 0, key, nonce, isSealing, null) == 1
            && LibCrypto.EVP_CipherUpdate(context, null, &bytes, additional, additionalBytes) == 1
            && LibCrypto.EVP_CipherUpdate(context, text, &bytes, text, textBytes) == 1
            && (isSealing == 1 || LibCrypto.EVP_CIPHER_CTX_ctrl(context, LibCrypto.EvpCtrlSetTag, TagBytes, text + textBytes) == 1)
            && LibCrypto.EVP_CipherFinal_ex(context, text + textBytes, &bytes) == 1
            && (isSealing == 0 || LibCrypto.EVP_CIPHER_CTX_ctrl(context, LibCrypto.EvpCtrlGetTag, TagBytes, text + textBytes) == 1);
    }
}
