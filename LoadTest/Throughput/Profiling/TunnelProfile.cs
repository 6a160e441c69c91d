using System.Globalization;
using OrleansUem.LoadTest.Machines;
using OrleansUem.LoadTest.Throughput.Measuring;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary><c>uem load profile</c>: where device, edge and node spend their processor time while one TCP stream runs through the tunnel. Needs root and perf.</summary>
public static class TunnelProfile
{
    private const int WarmUpSeconds = 4;
    private const int SamplesPerSecond = 997;

    // Methods by name need a map of them, which the runtime writes, and code that is not mapped from a file.
    private static readonly Dictionary<string, string> RuntimeSettings = new(StringComparer.Ordinal)
    {
        ["DOTNET_PerfMapEnabled"] = "3",
        ["DOTNET_EnableWriteXorExecute"] = "0",
    };

    /// <summary>Runs the load and reads the samples.</summary>
    /// <param name="options">The first of its links, the seconds and the first of its systems are used (default: ours over UDP).</param>
    /// <param name="isDownwards">The stream goes from corp to the device.</param>
    /// <param name="progress">A line for each step.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Markdown tables.</returns>
    public static async Task<string> RunAsync(ThroughputOptions options, bool isDownwards, Action<string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        options.Validate();
        BenchMachine.Require(options.Links, [("perf", "linux-perf")]);
        var system = MeasuredSystems.Select(MeasuredSystems.Create(options.Program), options.Systems)[0];
        using var folder = new BenchFolder();
        await using var lab = await LabNetwork.BuildAsync(options.Links[0]);
        progress($"setting up {system.Name}");
        await system.PrepareAsync(lab, folder.Path, cancellationToken);
        await using var running = new RunningSystem { Environment = RuntimeSettings };
        try
        {
            await system.StartAsync(lab, running, cancellationToken);
            await FirstEcho.WaitAsync(lab.Device, running.Target, running.DeviceStartedAt, TimeSpan.FromSeconds(60), cancellationToken);
            await system.ConfirmAsync(running, cancellationToken);
            return await MeasureAsync(system, lab, running, folder.Path, options, isDownwards ? Direction.Down : Direction.Up, progress, cancellationToken);
        }
        finally
        {
            foreach (var role in running.Roles)
            {
                File.Delete(string.Create(CultureInfo.InvariantCulture, $"/tmp/perf-{role.Process.ProcessId}.map"));
            }
        }
    }

    private static async Task<string> MeasureAsync(
        IMeasuredSystem system, LabNetwork lab, RunningSystem running, string folder, ThroughputOptions options, Direction direction, Action<string> progress,
        CancellationToken cancellationToken)
    {
        var iperf = new Iperf3(lab, running);
        progress("warming up");
        await iperf.MeasureTcpAsync(1, direction, WarmUpSeconds, cancellationToken);
        progress($"sampling for {options.Seconds} s");
        var samples = Path.Combine(folder, "perf.data");
        var ids = string.Join(',', running.Roles.Select(role => role.Process.ProcessId));
        var cpu = new RoleCpu(running);
        await using var perf = ChildProcess.Start(
            null, "perf", ["record", "-q", "-F", SamplesPerSecond.ToString(CultureInfo.InvariantCulture), "-g", "-p", ids, "-o", samples]);
        var result = await iperf.MeasureTcpAsync(1, direction, options.Seconds, cancellationToken);
        var used = cpu.SecondsSinceStart();
        perf.Interrupt();
        await perf.WaitForExitAsync("perf writes its samples", TimeSpan.FromSeconds(60), cancellationToken);
        progress("reading the samples");
        var byProcess = (await ReadSamplesAsync(samples, cancellationToken)).ToLookup(sample => sample.ProcessId);
        var title = string.Create(
            CultureInfo.InvariantCulture,
            $"Profile of {system.Name}, one TCP stream {(direction == Direction.Up ? "up" : "down")}, links {LinkVariants.NameOf(options.Links[0])}: {result.BitsPerSecond / 1e6:F0} Mbit/s, {used.Sum(role => role.Seconds) * 1e9 / result.Bytes:F1} CPU s/GB");
        return ProfileMarkdown.Write(
            title, result.Bytes, [.. running.Roles.Select((role, i) => new RoleProfile(role.Name, used[i].Seconds, [.. byProcess[role.Process.ProcessId]]))]);
    }

    private static async Task<List<PerfSample>> ReadSamplesAsync(string path, CancellationToken cancellationToken)
    {
        // Too much for lines kept in memory: it goes through a file.
        var text = path + ".txt";
        await CommandLine.RunAsync(null, null, cancellationToken, "sh", "-c", $"perf script --no-inline -F pid,ip,sym,dso -i '{path}' >'{text}' 2>/dev/null");
        return [.. PerfScript.Read(File.ReadLines(text))];
    }
}
