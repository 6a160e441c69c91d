using System.Runtime.InteropServices;
using System.Text;

namespace OrleansUem.Dtls.Native;

/// <summary>Loads a FIPS provider into libcrypto's default library context and makes it the only source of algorithms there.</summary>
internal static unsafe class ProviderLoader
{
    private const string Base = "base";

    /// <summary>Loads.</summary>
    /// <param name="name">The provider.</param>
    /// <param name="folder">Where its module is; null: OpenSSL's own folder.</param>
    /// <param name="configuration">Text in OpenSSL's form that activates it; null: OpenSSL's own configuration.</param>
    /// <returns>What it calls itself, or why it can't be used.</returns>
    public static (string Description, string? Fault) Load(string name, string? folder, string? configuration)
    {
        OpenSslLibrary.Require();

        // First: read later, OpenSSL's own file could set other default properties.
        if (LibCrypto.OPENSSL_init_crypto(LibCrypto.InitLoadConfig, 0) != 1
            || (folder is not null && !TrySetFolder(folder))
            || (configuration is not null && !TryConfigure(configuration)))
        {
            return ("", OpenSslErrors.DrainTexts());
        }

        // Base has no algorithms: it reads and writes keys and certificates, which the module leaves to others.
        fixed (byte* wanted = Utf8(name), coders = Utf8(Base))
        {
            var provider = LibCrypto.OSSL_PROVIDER_load(0, wanted);
            if (provider == 0 || LibCrypto.OSSL_PROVIDER_load(0, coders) == 0)
            {
                return ("", OpenSslErrors.DrainTexts());
            }

            fixed (byte* properties = "fips=yes"u8)
            {
                if (LibCrypto.EVP_set_default_properties(0, properties) != 1)
                {
                    return ("", OpenSslErrors.DrainTexts());
                }
            }

            return FindFault(name) is { } fault ? ("", fault) : (Describe(provider), null);
        }
    }

    private static bool TrySetFolder(string folder)
    {
        fixed (byte* path = Utf8(folder))
        {
            return LibCrypto.OSSL_PROVIDER_set_default_search_path(0, path) == 1;
        }
    }

    private static bool TryConfigure(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* buffer = bytes)
        {
            var bio = LibCrypto.BIO_new_mem_buf(buffer, bytes.Length);
            var parsed = LibCrypto.NCONF_new(0);
            try
            {
                return LibCrypto.NCONF_load_bio(parsed, bio, null) == 1 && LibCrypto.CONF_modules_load(parsed, null, 0) == 1;
            }
            finally
            {
                LibCrypto.NCONF_free(parsed);
                LibCrypto.BIO_free(bio);
            }
        }
    }

    // The proof of the pudding: what is approved comes from this provider, what is not comes from nowhere.
    private static string? FindFault(string name)
    {
        fixed (byte* sha256 = "SHA256"u8, md5 = "MD5"u8, gcm = "AES-256-GCM"u8)
        {
            var digest = LibCrypto.EVP_MD_fetch(0, sha256, null);
            var cipher = LibCrypto.EVP_CIPHER_fetch(0, gcm, null);
            var weak = LibCrypto.EVP_MD_fetch(0, md5, null);
            try
            {
                return digest == 0 || NameOf(LibCrypto.EVP_MD_get0_provider(digest)) != name ? "it does not provide SHA-256"
                    : cipher == 0 || NameOf(LibCrypto.EVP_CIPHER_get0_provider(cipher)) != name ? "it does not provide AES-256-GCM"
                    : weak != 0 ? "MD5 can still be had beside it, so it is not a FIPS provider"
                    : null;
            }
            finally
            {
                LibCrypto.EVP_MD_free(digest);
                LibCrypto.EVP_MD_free(weak);
                LibCrypto.EVP_CIPHER_free(cipher);
                LibCrypto.ERR_clear_error();
            }
        }
    }

    private static string NameOf(nint provider) => Marshal.PtrToStringUTF8((nint)LibCrypto.OSSL_PROVIDER_get0_name(provider)) ?? "";

    private static string Describe(nint provider)
    {
        byte* title = null;
        byte* version = null;
        fixed (byte* titleKey = "name"u8, versionKey = "version"u8)
        {
            var parameters = stackalloc OsslParam[3];
            parameters[0] = new OsslParam(titleKey, LibCrypto.ParamUtf8Pointer, &title, 0);
            parameters[1] = new OsslParam(versionKey, LibCrypto.ParamUtf8Pointer, &version, 0);
            parameters[2] = default;
            return LibCrypto.OSSL_PROVIDER_get_params(provider, parameters) == 1
                ? $"{Marshal.PtrToStringUTF8((nint)title)} {Marshal.PtrToStringUTF8((nint)version)}"
                : NameOf(provider);
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
