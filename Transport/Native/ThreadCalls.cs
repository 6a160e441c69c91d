using System.Runtime.InteropServices;

namespace OrleansUem.Transport.Native;

/// <summary>What .NET has no call for on Linux: the priority of one thread.</summary>
internal static partial class ThreadCalls
{
    private const int PrioProcess = 0; // PRIO_PROCESS, sys/resource.h; Linux takes a thread for a process here

    /// <summary>Sets the calling thread's nice value. Raising it needs no rights.</summary>
    /// <returns>False when the kernel refuses; the thread then runs as before.</returns>
    public static bool TrySetNice(int nice) => OperatingSystem.IsLinux() && SetPriority(PrioProcess, 0, nice) == 0;

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);
}
