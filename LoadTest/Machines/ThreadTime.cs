using System.Globalization;

namespace OrleansUem.LoadTest.Machines;

/// <summary>How long the calling thread has run, as the kernel counts it.</summary>
internal static class ThreadTime
{
    // Nanoseconds on a processor, nanoseconds of waiting for one, turns (proc(5), CONFIG_SCHED_INFO).
    private const string Path = "/proc/thread-self/schedstat";

    /// <summary>Since the thread began; null: this system does not tell.</summary>
    public static TimeSpan? Read() =>
        File.Exists(Path) && long.TryParse(File.ReadAllText(Path).Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var nanoseconds)
            ? TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick)
            : null;

    /// <summary>Since an earlier reading; null without one.</summary>
    public static TimeSpan? Read(TimeSpan? before) => before is { } earlier ? Read() - earlier : null;
}
