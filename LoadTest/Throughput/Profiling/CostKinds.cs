namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>Sorts samples into kinds of work.</summary>
internal static class CostKinds
{
    // What calls every system call: x86-64, ARM64.
    private static readonly string[] Entries = ["x64_sys_call", "do_syscall_64", "invoke_syscall"];
    private static readonly string[] Prefixes = ["__x64_sys_", "__arm64_sys_", "ksys_", "__sys_", "__do_sys_", "do_"];

    /// <summary>
    /// The kind of a sample. Time in the kernel goes to the system call that led there, with all that it caused on the way: writing to a TUN includes
    /// the receiving end's TCP on the same processor.
    /// </summary>
    public static string Of(PerfSample sample)
    {
        var innermost = sample.Frames[0];
        if (innermost.IsKernel)
        {
            return SystemCallOf(sample.Frames) is { } call ? $"kernel: {call}" : "kernel: interrupts, page faults";
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

    // The compiler turns some entry functions into jumps, so that only the function behind them is on the stack: __x64_sys_write is ksys_write.
    private static string? SystemCallOf(IReadOnlyList<PerfFrame> frames)
    {
        for (var i = 1; i < frames.Count; i++)
        {
            if (Entries.Contains(frames[i].Symbol, StringComparer.Ordinal) && !Entries.Contains(frames[i - 1].Symbol, StringComparer.Ordinal))
            {
                var symbol = frames[i - 1].Symbol;
                var prefix = Prefixes.FirstOrDefault(prefix => symbol.StartsWith(prefix, StringComparison.Ordinal));
                return symbol[(prefix?.Length ?? 0)..];
            }
        }

        return null;
    }
}
