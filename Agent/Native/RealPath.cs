using System.Runtime.InteropServices;
using System.Text;

namespace OrleansUem.Agent.Native;

/// <summary>Paths without symbolic links (realpath(3)).</summary>
internal static partial class RealPath
{
    // PATH_MAX of linux/limits.h, with the zero byte.
    private const int PathBytesMax = 4096;

    /// <summary>Resolves every link of a path.</summary>
    /// <returns>The path; the argument itself where it can't be resolved.</returns>
    public static string Of(string path)
    {
        Span<byte> resolved = stackalloc byte[PathBytesMax];
        return Resolve(path, resolved) == 0 ? path : Encoding.UTF8.GetString(resolved[..resolved.IndexOf((byte)0)]);
    }

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Resolve(string path, Span<byte> resolved);
}
