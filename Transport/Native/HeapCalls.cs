using System.Runtime.InteropServices;

namespace OrleansUem.Transport.Native;

/// <summary>glibc's heap, which holds what OpenSSL allocates. Another C library has no such calls: then nothing happens and nothing is known.</summary>
internal static partial class HeapCalls
{
    /// <summary>Gives the pages that no block lies in back to the kernel, of every arena (malloc_trim(3)). Takes each arena's lock in turn.</summary>
    /// <returns>False where the C library has no such call.</returns>
    public static bool TryTrim()
    {
        try
        {
            _ = Trim(0);
            return true;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Bytes in blocks that are allocated, and bytes that the heap has from the kernel (mallinfo2(3)); zeros where the C library has no such call.</summary>
    public static (long InUse, long Held) Read()
    {
        try
        {
            var info = MallInfo();
            return ((long)(info.AllocatedBytes + info.MappedBytes), (long)(info.ArenaBytes + info.MappedBytes));
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return default;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial HeapInfo MallInfo();

    /// <summary>struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct HeapInfo
    {
        public readonly nuint ArenaBytes; // arena
        public readonly nuint FreeBlocks; // ordblks
        public readonly nuint FreeFastBlocks; // smblks
        public readonly nuint MappedBlocks; // hblks
        public readonly nuint MappedBytes; // hblkhd
        public readonly nuint Unused; // usmblks
        public readonly nuint FreeFastBytes; // fsmblks
        public readonly nuint AllocatedBytes; // uordblks
        public readonly nuint FreeBytes; // fordblks
        public readonly nuint TrimmableBytes; // keepcost
    }
}
