using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls.Fips;

/// <summary>
/// FIPS mode of this process: OpenSSL's FIPS provider in libcrypto's default library context, with the default properties <c>fips=yes</c>, so that whoever fetches an
/// algorithm gets the provider's or none. .NET's cryptography and TLS use the same library and context, so it holds for them too. It has to be the
/// first use of cryptography in the process: what was fetched before stays what it was.
/// </summary>
public static class FipsMode
{
    private const int MaxConfigurationBytes = 64 * 1024;

    private const string Documentation =
        "Build or get a module that is validated for this OpenSSL, run 'openssl fipsinstall', and name both with --fips-module FILE and --fips-config FILE (OpenSSL's fips_module(7) and docs/cryptography.md).";

    /// <summary>Whether it is on in this process.</summary>
    public static bool IsEnabled { get; private set; }

    /// <summary>Turns it on for the rest of the process's life.</summary>
    /// <param name="module">Which provider.</param>
    /// <returns>The provider's name and version as it states them.</returns>
    /// <exception cref="FipsException">The provider is missing, its checksum or self-test failed, or it does not do what we need.</exception>
    public static string Enable(FipsModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var name = NameOf(module);
        var configuration = ReadConfiguration(module, name);
        var provider = ProviderLoader.Load(name, module.File is null ? null : Path.GetDirectoryName(Path.GetFullPath(module.File)), configuration);
        if (provider.Fault is { } fault)
        {
            throw new FipsException($"--fips: OpenSSL's provider '{name}' can't be used: {fault}. {Documentation}");
        }

        IsEnabled = true;
        return provider.Description;
    }

    private static string NameOf(FipsModule module)
    {
        if (module.File is null)
        {
            return FipsModule.DefaultName;
        }

        return File.Exists(module.File)
            ? Path.GetFileNameWithoutExtension(module.File)
            : throw new FipsException($"--fips-module '{module.File}' does not exist. {Documentation}");
    }

    private static string? ReadConfiguration(FipsModule module, string name)
    {
        if (module.ConfigurationFile is not { } path)
        {
            return null;
        }

        try
        {
            var file = new FileInfo(path);
            var text = !file.Exists ? throw new FipsException($"--fips-config '{path}' does not exist. {Documentation}")
                : file.Length > MaxConfigurationBytes ? throw new FipsException($"--fips-config '{path}' has {file.Length} bytes, {MaxConfigurationBytes} are the limit.")
                : File.ReadAllText(path);

            // The section's name is fipsinstall's default; what stands around it is ours, so that nothing else of OpenSSL is configured by the way.
            return text.Contains("[fips_sect]", StringComparison.Ordinal)
                ? $"openssl_conf = uem_init\n{text}\n[uem_init]\nproviders = uem_providers\n[uem_providers]\n{name} = fips_sect\nbase = uem_base\n[uem_base]\nactivate = 1\n"
                : throw new FipsException($"--fips-config '{path}' has no section [fips_sect]: it is not what 'openssl fipsinstall -out' writes.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FipsException($"--fips-config '{path}' can't be read: {e.Message}");
        }
    }
}
