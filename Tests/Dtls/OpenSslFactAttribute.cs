using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>Needs the openssl program as an independent peer; reported as skipped where it is missing.</summary>
internal sealed class OpenSslFactAttribute : FactAttribute
{
    public OpenSslFactAttribute()
    {
        Skip = Locate() is null ? "the program openssl is not installed (package openssl)" : null;
    }

    public static string? Locate() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "openssl"))
            .FirstOrDefault(File.Exists);
}
