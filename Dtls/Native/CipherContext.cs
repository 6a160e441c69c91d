using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>An EVP_CIPHER_CTX of libcrypto. EVP_CIPHER_CTX_free erases the key in it. What is sealed how, and in one call or several, is the deriving class's.</summary>
internal abstract unsafe class CipherContext : SafeHandle
{
    /// <param name="suite">Which cipher.</param>
    /// <param name="key">Copied; empty: each call brings its own.</param>
    /// <param name="isSealing">The direction.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">libcrypto refused.</exception>
    protected CipherContext(RecordSuite suite, ReadOnlySpan<byte> key, bool isSealing)
        : base(0, ownsHandle: true)
    {
        SetHandle(LibCrypto.EVP_CIPHER_CTX_new());
        fixed (byte* first = key)
        {
            if (handle == 0 || LibCrypto.EVP_CipherInit_ex2(handle, suite.Fetched, first, null, isSealing ? 1 : 0, null) != 1)
            {
                Dispose();
                throw OpenSslErrors.Exception(suite.Cipher);
            }
        }
    }

    public sealed override bool IsInvalid => handle == 0;

    protected sealed override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }

    /// <summary>Whether a record was opened. A failure may leave an entry in the thread's queue of errors, where the next SSL_get_error would find it.</summary>
    protected static bool Opened(bool isDone)
    {
        if (!isDone)
        {
            LibCrypto.ERR_clear_error();
        }

        return isDone;
    }
}
