namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>A function on a stack.</summary>
/// <param name="Symbol">Its name without the offset; "[unknown]" when perf knows none.</param>
/// <param name="Module">The file it is from, as perf writes it.</param>
internal readonly record struct PerfFrame(string Symbol, string Module)
{
    /// <summary>perf puts the kernel and its modules in brackets.</summary>
    public bool IsKernel => Module.StartsWith('[') && Module is not ("[vdso]" or "[unknown]" or "[vsyscall]");

    /// <summary>Compiled by the runtime: its methods are in a map beside the process, or in memory that it maps for itself.</summary>
    public bool IsManaged => Module.Contains("perf-", StringComparison.Ordinal) && Module.EndsWith(".map", StringComparison.Ordinal)
        || Module.Contains("doublemapper", StringComparison.Ordinal)
        || Module.EndsWith(".dll", StringComparison.Ordinal);
}
