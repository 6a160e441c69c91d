using System.Globalization;
using System.Runtime.InteropServices;
using OrleansUem.LoadTest.Machines;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Reporting;

/// <summary>What the figures depend on.</summary>
/// <param name="Processor">Model as /proc/cpuinfo names it.</param>
/// <param name="Cores">That this process may use.</param>
/// <param name="MemoryGigabytes">Of the machine.</param>
/// <param name="Kernel">Release.</param>
/// <param name="Runtime">.NET's version.</param>
/// <param name="CongestionControl">Of TCP inside the tunnels.</param>
/// <param name="Versions">Of programs, by Debian package.</param>
internal sealed record MachineFacts(
    string Processor, int Cores, double MemoryGigabytes, string Kernel, string Runtime, string CongestionControl, IReadOnlyDictionary<string, string> Versions)
{
    public static async Task<MachineFacts> ReadAsync(IReadOnlyList<IMeasuredSystem> systems, CancellationToken cancellationToken)
    {
        string[] packages = [.. systems.SelectMany(system => system.Programs).Select(program => program.Package).Append("iperf3").Append("libssl3").Distinct().Order()];
        return new MachineFacts(
            FirstValue("/proc/cpuinfo", "model name"),
            Environment.ProcessorCount,
            Math.Round(double.Parse(FirstValue("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1e6, 1),
            File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            RuntimeInformation.FrameworkDescription,
            File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim(),
            await ReadVersionsAsync(packages, cancellationToken));
    }

    private static string FirstValue(string path, string key) =>
        File.ReadLines(path).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    private static async Task<Dictionary<string, string>> ReadVersionsAsync(string[] packages, CancellationToken cancellationToken)
    {
        var versions = packages.ToDictionary(package => package, _ => "unknown", StringComparer.Ordinal);
        if (CommandPath.Find("dpkg-query") is null)
        {
            return versions;
        }

        // Packages that are not installed make it fail and are left out of its output.
        var result = await ChildProcess.RunAsync(
            null, "dpkg-query", null, ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", .. packages], input: null, cancellationToken);
        foreach (var fields in result.Output.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length == 2))
        {
            versions[fields[0]] = fields[1];
        }

        return versions;
    }
}
