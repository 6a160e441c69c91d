using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>Providers and the default library context, which .NET's own cryptography uses too.</summary>
internal static unsafe partial class LibCrypto
{
    /// <summary>OPENSSL_INIT_LOAD_CONFIG.</summary>
    internal const ulong InitLoadConfig = 0x40;

    /// <summary>OSSL_PARAM_UTF8_PTR: the answer is a pointer to the provider's own text.</summary>
    internal const uint ParamUtf8Pointer = 6;

    [LibraryImport(Name)]
    internal static partial int OPENSSL_init_crypto(ulong options, nint settings);

    [LibraryImport(Name)]
    internal static partial int OSSL_PROVIDER_set_default_search_path(nint context, byte* path);

    [LibraryImport(Name)]
    internal static partial nint OSSL_PROVIDER_load(nint context, byte* name);

    [LibraryImport(Name)]
    internal static partial int OSSL_PROVIDER_available(nint context, byte* name);

    [LibraryImport(Name)]
    internal static partial byte* OSSL_PROVIDER_get0_name(nint provider);

    [LibraryImport(Name)]
    internal static partial int OSSL_PROVIDER_get_params(nint provider, OsslParam* parameters);

    [LibraryImport(Name)]
    internal static partial int EVP_set_default_properties(nint context, byte* properties);

    [LibraryImport(Name)]
    internal static partial nint EVP_MD_fetch(nint context, byte* algorithm, byte* properties);

    [LibraryImport(Name)]
    internal static partial nint EVP_MD_get0_provider(nint digest);

    [LibraryImport(Name)]
    internal static partial void EVP_MD_free(nint digest);

    [LibraryImport(Name)]
    internal static partial nint EVP_CIPHER_get0_provider(nint cipher);

    [LibraryImport(Name)]
    internal static partial void EVP_CIPHER_free(nint cipher);

    [LibraryImport(Name)]
    internal static partial void BIO_free(nint bio);

    [LibraryImport(Name)]
    internal static partial nint BIO_new_mem_buf(byte* buffer, int length);

    [LibraryImport(Name)]
    internal static partial nint NCONF_new(nint method);

    [LibraryImport(Name)]
    internal static partial int NCONF_load_bio(nint configuration, nint bio, nint* errorLine);

    [LibraryImport(Name)]
    internal static partial void NCONF_free(nint configuration);

    [LibraryImport(Name)]
    internal static partial int CONF_modules_load(nint configuration, byte* application, nuint flags);
}
