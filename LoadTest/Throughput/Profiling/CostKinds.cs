namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>Sorts samples into kinds of work.</summary>
internal static class CostKinds
{
    private const string SystemCallPrefix = "__x64_sys_";
    private const string SystemCallPrefixArm = "__arm64_sys_";

    /// <summary>
    /// The kind of a sample. Time in the kernel goes to the system call that led there, with all that it caused on the way: writing to a TUN includes
    /// the receiving end's TCP on the same processor.
    /// </summary>
    public static string Of(PerfSample sample)
    {
        var innermost = sample.Frames[0];
        if (innermost.IsKernel)
        {
            var call = sample.Frames.Select(frame => SystemCallOf(frame.Symbol)).FirstOrDefault(name => name is not null);
            return call is not null ? $"kernel: {call}" : "kernel: interrupts, page faults";
        }

        if (innermost.IsManaged)
        {
            return "managed code";
        }

        var module = Path.GetFileName(innermost.Module);
        return module.StartsWith("libcrypto", StringComparison.Ordinal) || module.StartsWith("libssl", StringComparison.Ordinal) ? "OpenSSL"
            : module.StartsWith("libcoreclr", StringComparison.Ordinal) || module.StartsWith("libclr", StringComparison.Ordinal) ? ".NET runtime"
            : module.StartsWith("lib", StringComparison.Ordinal) ? module.Split('.')[0]
            : "other";
    }

    private static string? SystemCallOf(string symbol) =>
        symbol.StartsWith(SystemCallPrefix, StringComparison.Ordinal) ? symbol[SystemCallPrefix.Length..]
        : symbol.StartsWith(SystemCallPrefixArm, StringComparison.Ordinal) ? symbol[SystemCallPrefixArm.Length..]
        : null;
}
