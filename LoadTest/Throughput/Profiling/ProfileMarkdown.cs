using System.Globalization;
using System.Text;

namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>The profile as tables.</summary>
internal static class ProfileMarkdown
{
    private const int KindsMax = 14;
    private const int FunctionsMax = 25;
    private const double PacketBytes = 1_400;

    /// <param name="title">What was profiled.</param>
    /// <param name="result">Of the traffic meanwhile: bytes that arrived.</param>
    /// <param name="roles">In the order of the tables.</param>
    public static string Write(string title, double result, IReadOnlyList<RoleProfile> roles)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# {title}").AppendLine();
        foreach (var role in roles.Where(role => role.Samples.Count > 0))
        {
            // Seconds for 10^9 bytes are nanoseconds a byte.
            var nanosecondsPerPacket = result > 0 ? role.CpuSeconds * 1e9 / result * PacketBytes : 0;
            text.AppendLine(CultureInfo.InvariantCulture, $"## {role.Role}: {role.CpuSeconds:F1} s of CPU, {nanosecondsPerPacket:F0} ns for {PacketBytes:F0} bytes, {role.Samples.Count} samples").AppendLine();
            WriteTable(text, "kind", role.Samples.GroupBy(CostKinds.Of, StringComparer.Ordinal), role.Samples.Count, nanosecondsPerPacket, KindsMax);
            WriteTable(
                text, "function", role.Samples.GroupBy(sample => $"`{sample.Frames[0].Symbol}` {ModuleOf(sample.Frames[0])}", StringComparer.Ordinal), role.Samples.Count,
                nanosecondsPerPacket, FunctionsMax);
        }

        return text.ToString();
    }

    private static void WriteTable(
        StringBuilder text, string head, IEnumerable<IGrouping<string, PerfSample>> groups, int all, double nanosecondsPerPacket, int rowsMax)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"| {head} | share | ns |").AppendLine("| --- | ---: | ---: |");
        foreach (var group in groups.OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).Take(rowsMax))
        {
            var share = (double)group.Count() / all;
            text.AppendLine(CultureInfo.InvariantCulture, $"| {group.Key.Replace('|', '/')} | {share * 100:F1} % | {share * nanosecondsPerPacket:F0} |");
        }

        text.AppendLine();
    }

    private static string ModuleOf(PerfFrame frame) => frame.IsManaged ? "managed" : frame.IsKernel ? "kernel" : Path.GetFileName(frame.Module);
}
