using System.Runtime.InteropServices;

namespace OrleansUem.Agent.Native;

/// <summary>Changes to the mount namespace of this process (mount(2)).</summary>
internal static partial class Mounts
{
    // sys/mount.h.
    private const nuint NoSetUserId = 2;
    private const nuint NoDevices = 4;
    private const nuint NoExecution = 8;
    private const nuint BindMount = 4096;
    private const int DetachMount = 2;

    /// <summary>Puts an empty file system in memory over a directory.</summary>
    /// <param name="directory">It has to be there.</param>
    public static void Cover(string directory) => Check(
        Mount("tmpfs", directory, "tmpfs", NoSetUserId | NoDevices | NoExecution, "mode=0755,size=1m"), $"Covering {directory} with an empty directory");

    /// <summary>Shows a file in place of another one.</summary>
    public static void Bind(string source, string target) => Check(Mount(source, target, null, BindMount, null), $"Putting {source} over {target}");

    /// <summary>Takes a mount out of sight; what is bound from it elsewhere stays.</summary>
    public static void Uncover(string directory) => Check(Unmount(directory, DetachMount), $"Unmounting {directory}");

    private static void Check(int result, string attempted)
    {
        if (result < 0)
        {
            throw new IOException($"{attempted} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string? type, nuint flags, string? settings);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
