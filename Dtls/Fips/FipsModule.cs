namespace OrleansUem.Dtls.Fips;

/// <summary>Which OpenSSL FIPS provider to load.</summary>
public sealed record FipsModule
{
    /// <summary>The name of OpenSSL's own module.</summary>
    public const string DefaultName = "fips";

    /// <summary>The module's file, as in <c>/usr/lib/ossl-modules/fips.so</c>. Null: <c>fips.so</c> in OpenSSL's own folder of modules (OPENSSL_MODULES).</summary>
    public string? File { get; init; }

    /// <summary>
    /// The module's configuration that <c>openssl fipsinstall</c> wrote, with the module's checksum; at most 64 KB. Null: OpenSSL's own configuration
    /// (OPENSSL_CONF) includes it, as fips_module(7) describes.
    /// </summary>
    public string? ConfigurationFile { get; init; }
}
