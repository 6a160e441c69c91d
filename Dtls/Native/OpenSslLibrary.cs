using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>Finds out once per process whether a usable OpenSSL is installed, and names what to install if
/// not.</summary>
internal static class OpenSslLibrary
{
    private const uint MinimumMajor = 3;

    private static readonly Lazy<string?> Problem = new(() => Probe(IsLoadable, ReadMajorVersion));

    /// <summary>Null when usable, otherwise the sentence for the operator.</summary>
    public static string? FindProblem() => Problem.Value;

    /// <summary>Throws <see cref="DtlsUnavailableException"/> when libssl.so.3 and libcrypto.so.3 cannot be
    /// used.</summary>
    public static void Require()
    {
        if (Problem.Value is { } problem)
        {
            throw new DtlsUnavailableException(problem);
        }
    }

    /// <summary>Null when usable, otherwise the sentence for the operator. Loader and version are arguments for the
    /// tests.</summary>
    public static string? Probe(Func<string, bool> isLoadable, Func<uint> readMajorVersion)
    {
        foreach (var library in (ReadOnlySpan<string>)[LibCrypto.Name, LibSsl.Name])
        {
            if (!isLoadable(library))
            {
                return $"OpenSSL 3.0 or newer is needed, but {library} cannot be loaded. "
                    + "Install the package libssl3 (Debian, Ubuntu; libssl3t64 on releases with 64-bit time) or openssl-libs (Fedora, RHEL).";
            }
        }

        var major = readMajorVersion();
        return major >= MinimumMajor
            ? null
            : $"OpenSSL 3.0 or newer is needed, but {LibCrypto.Name} reports version {major}. Install the package libssl3.";
    }

    private static bool IsLoadable(string library) =>
        NativeLibrary.TryLoad(library, typeof(OpenSslLibrary).Assembly, searchPath: null, out _);

    private static uint ReadMajorVersion()
    {
        try
        {
            return LibCrypto.OPENSSL_version_major();
        }
        catch (EntryPointNotFoundException)
        {
            // OPENSSL_version_major exists since 3.0; a library without it is older, whatever its file name says.
            return 1;
        }
    }
}
