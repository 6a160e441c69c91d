using System.Globalization;

namespace OrleansUem.LoadTest.EdgeAlone;

/// <summary>CPU time of the edge's receive threads in this process, as the kernel counts it for each thread (/proc/self/task, proc(5)): 10 ms fine.</summary>
internal static class EdgeThreads
{
    private const string NamePrefix = "udp ";

    /// <summary>User and system time since they began.</summary>
    public static TimeSpan CpuTime()
    {
        var ticks = 0L;
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            if (File.ReadAllText(Path.Combine(thread, "comm")).StartsWith(NamePrefix, StringComparison.Ordinal))
            {
                ticks += Throughput.Measuring.ProcessStat.Read(File.ReadAllText(Path.Combine(thread, "stat"))).CpuTicks;
            }
        }

        return TimeSpan.FromSeconds(ticks / Throughput.Measuring.ProcessStat.TicksPerSecond);
    }

    /// <summary>One line for people: the CPU time of something that happened so many times.</summary>
    public static string Describe(string what, long count, TimeSpan cpu)
    {
        var seconds = Math.Max(cpu.TotalSeconds, 1 / Throughput.Measuring.ProcessStat.TicksPerSecond);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-44} {count,11:N0} times,  {seconds,6:F2} s of the edge's CPU: {count / seconds,10:N0} a second per core, {seconds * 1e6 / Math.Max(count, 1),6:F2} us each");
    }

    /// <summary>One line for people: the CPU time of frames that were forwarded.</summary>
    public static string Describe(string what, long frames, long bytes, TimeSpan cpu)
    {
        var seconds = Math.Max(cpu.TotalSeconds, 1 / Throughput.Measuring.ProcessStat.TicksPerSecond);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-44} {frames,11:N0} frames, {seconds,6:F2} s of the edge's CPU: {bytes * 8 / seconds / 1e9,6:F2} Gbit/s and {frames / seconds,10:N0} frames/s per core, {seconds * 1e6 / Math.Max(frames, 1),6:F2} us/frame, {seconds * 1e9 / Math.Max(bytes, 1),6:F2} s/GB");
    }
}
