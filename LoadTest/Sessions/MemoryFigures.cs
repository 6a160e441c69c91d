using System.Globalization;
using System.Runtime;
using OrleansUem.Transport.Native;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>What a process has in memory, in bytes.</summary>
/// <param name="Found">Resident as it was found, garbage included.</param>
/// <param name="Settled">Resident after a compacting collection and after glibc gave back what it does not use.</param>
/// <param name="Managed">Objects that are alive after that collection.</param>
/// <param name="Native">Blocks that are allocated in glibc's heap: OpenSSL's.</param>
/// <param name="NativeHeld">What that heap has from the kernel after it gave back.</param>
internal sealed record MemoryFigures(long Found, long Settled, long Managed, long Native, long NativeHeld)
{
    /// <summary>How a line of <see cref="ToLine"/> begins.</summary>
    public const string LinePrefix = "memory ";

    /// <summary>Measures this process.</summary>
    public static MemoryFigures Take()
    {
        var found = Resident();

        // Finalizers free what the first collection found; the second collects what that let go of.
        for (var i = 0; i < 2; i++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        HeapCalls.TryTrim();
        var (inUse, held) = HeapCalls.Read();
        return new MemoryFigures(found, Resident(), GC.GetTotalMemory(forceFullCollection: false), inUse, held);
    }

    public static MemoryFigures Parse(string line)
    {
        var numbers = line[LinePrefix.Length..].Split(' ').Select(static word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return new MemoryFigures(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
    }

    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{LinePrefix}{Found} {Settled} {Managed} {Native} {NativeHeld}");

    /// <summary>What each of some sessions added.</summary>
    public MemoryFigures PerSession(MemoryFigures before, int sessions) => new(
        (Found - before.Found) / sessions,
        (Settled - before.Settled) / sessions,
        (Managed - before.Managed) / sessions,
        (Native - before.Native) / sessions,
        (NativeHeld - before.NativeHeld) / sessions);

    private static long Resident()
    {
        const string name = "VmRSS:";
        var line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line[name.Length..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
    }
}
