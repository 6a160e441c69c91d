using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>The calls of libcrypto.so.3 this project uses, with the names of the C API (OpenSSL 3.0).</summary>
internal static unsafe partial class LibCrypto
{
    internal const string Name = "libcrypto.so.3";

    /// <summary>Commands that libssl sends to a datagram BIO (bio.h).</summary>
    internal const int BioCtrlFlush = 11;
    internal const int BioCtrlDgramQueryMtu = 40;
    internal const int BioCtrlDgramGetMtu = 41;
    internal const int BioCtrlDgramSetNextTimeout = 45;
    internal const int BioCtrlDgramGetFallbackMtu = 47;
    internal const int BioCtrlDgramGetMtuOverhead = 49;

    /// <summary>BIO_TYPE_SOURCE_SINK.</summary>
    internal const int BioTypeSourceSink = 0x0400;

    /// <summary>BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY, and all four retry flags.</summary>
    internal const int BioFlagsRetryRead = 0x9;
    internal const int BioFlagsRetryMask = 0xF;

    /// <summary>ERR_LIB_SSL, and where library and reason sit in an error code (err.h of OpenSSL 3).</summary>
    internal const int ErrLibSsl = 20;
    internal const int ErrLibShift = 23;
    internal const uint ErrLibMask = 0xFF;
    internal const uint ErrReasonMask = 0x7FFFFF;
    internal const uint ErrSystemFlag = 0x80000000;

    /// <summary>EVP_CTRL_GCM_SET_IV_FIXED: the fixed part of the nonce (evp.h).</summary>
    internal const int EvpCtrlGcmSetIvFixed = 0x12;

    /// <summary>EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG (evp.h).</summary>
    internal const int EvpCtrlGetTag = 0x10;
    internal const int EvpCtrlSetTag = 0x11;

    /// <summary>Parameter types of core.h.</summary>
    internal const uint ParamUtf8String = 4;
    internal const uint ParamOctetString = 5;

    [LibraryImport(Name)]
    internal static partial nuint OpenSSL_version_num();

    [LibraryImport(Name)]
    internal static partial uint OPENSSL_version_major();

    [LibraryImport(Name)]
    internal static partial uint OPENSSL_version_minor();

    [LibraryImport(Name)]
    internal static partial void ERR_clear_error();

    [LibraryImport(Name)]
    internal static partial nuint ERR_get_error();

    [LibraryImport(Name)]
    internal static partial byte* ERR_reason_error_string(nuint error);

    [LibraryImport(Name)]
    internal static partial int BIO_get_new_index();

    [LibraryImport(Name)]
    internal static partial nint BIO_meth_new(int type, byte* name);

    [LibraryImport(Name)]
    internal static partial int BIO_meth_set_write(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Name)]
    internal static partial int BIO_meth_set_read(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Name)]
    internal static partial int BIO_meth_set_ctrl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> ctrl);

    [LibraryImport(Name)]
    internal static partial nint BIO_new(nint method);

    [LibraryImport(Name)]
    internal static partial void BIO_set_init(nint bio, int init);

    [LibraryImport(Name)]
    internal static partial void BIO_set_flags(nint bio, int flags);

    [LibraryImport(Name)]
    internal static partial void BIO_clear_flags(nint bio, int flags);

    [LibraryImport(Name)]
    internal static partial nint d2i_X509(nint* result, byte** der, nint bytes);

    [LibraryImport(Name)]
    internal static partial int i2d_X509(nint certificate, byte** der);

    [LibraryImport(Name)]
    internal static partial void X509_free(nint certificate);

    [LibraryImport(Name)]
    internal static partial nint d2i_AutoPrivateKey(nint* result, byte** der, nint bytes);

    [LibraryImport(Name)]
    internal static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Name)]
    internal static partial nint X509_STORE_CTX_get0_cert(nint store);

    [LibraryImport(Name)]
    internal static partial nint X509_STORE_CTX_get0_untrusted(nint store);

    [LibraryImport(Name)]
    internal static partial void X509_STORE_CTX_set_error(nint store, int error);

    [LibraryImport(Name)]
    internal static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(Name)]
    internal static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(Name)]
    internal static partial nint EVP_CIPHER_fetch(nint library, byte* algorithm, byte* properties);

    [LibraryImport(Name)]
    internal static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Name)]
    internal static partial void EVP_CIPHER_CTX_free(nint context);

    [LibraryImport(Name)]
    internal static partial int EVP_CipherInit_ex2(nint context, nint cipher, byte* key, byte* iv, int isEncryption, OsslParam* parameters);

    [LibraryImport(Name)]
    internal static partial int EVP_CIPHER_CTX_ctrl(nint context, int command, int number, void* argument);

    [LibraryImport(Name)]
    internal static partial int EVP_CIPHER_CTX_get_updated_iv(nint context, byte* nonce, nuint bytes);

    [LibraryImport(Name)]
    internal static partial int EVP_CIPHER_CTX_set_params(nint context, OsslParam* parameters);

    [LibraryImport(Name)]
    internal static partial int EVP_Cipher(nint context, byte* output, byte* input, uint bytes);

    [LibraryImport(Name)]
    internal static partial int EVP_CipherUpdate(nint context, byte* output, int* outputBytes, byte* input, int inputBytes);

    [LibraryImport(Name)]
    internal static partial int EVP_CipherFinal_ex(nint context, byte* output, int* outputBytes);

    [LibraryImport(Name)]
    internal static partial nint EVP_KDF_fetch(nint library, byte* algorithm, byte* properties);

    [LibraryImport(Name)]
    internal static partial void EVP_KDF_free(nint kdf);

    [LibraryImport(Name)]
    internal static partial nint EVP_KDF_CTX_new(nint kdf);

    [LibraryImport(Name)]
    internal static partial void EVP_KDF_CTX_free(nint context);

    [LibraryImport(Name)]
    internal static partial int EVP_KDF_derive(nint context, byte* key, nuint bytes, OsslParam* parameters);
}
