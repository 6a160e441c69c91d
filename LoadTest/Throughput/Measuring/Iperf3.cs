using System.Globalization;
using OrleansUem.LoadTest.Machines;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>Runs iperf3 from the device to a server of its own in corp.</summary>
/// <param name="lab">The network.</param>
/// <param name="running">Where the device finds the target.</param>
internal sealed class Iperf3(LabNetwork lab, RunningSystem running)
{
    // Connecting, and a last round of reports over a queue that is full.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    // A receiver that sleeps for 20 ms must not lose what the tunnel brought: at 100,000 packets/s of 1,400 bytes that takes 5 MB of the kernel's accounting.
    private const int SocketBytesWanted = 4 << 20;

    private static readonly int SocketBytes = Math.Min(
        SocketBytesWanted, int.Parse(File.ReadAllText("/proc/sys/net/core/rmem_max"), CultureInfo.InvariantCulture));

    public async Task<TcpResult> MeasureTcpAsync(int streams, Direction direction, int seconds, CancellationToken cancellationToken) =>
        Iperf3Report.ReadTcp(await RunAsync(
            seconds,
            direction == Direction.Down ? ["-P", Text(streams), "-R"] : ["-P", Text(streams)],
            cancellationToken));

    /// <param name="packetBytes">Of the IP packet.</param>
    /// <param name="packetsPerSecond">Wanted.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<UdpProbe> ProbeUdpAsync(int packetBytes, double packetsPerSecond, int seconds, CancellationToken cancellationToken)
    {
        // IPv4 and UDP headers.
        var payload = packetBytes - 28;
        return Iperf3Report.ReadUdp(await RunAsync(
            seconds,
            ["-u", "-l", Text(payload), "-b", Text(Math.Round(packetsPerSecond * payload * 8)), "-w", Text(SocketBytes)],
            cancellationToken));
    }

    private static string Text(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    private async Task<string> RunAsync(int seconds, string[] options, CancellationToken cancellationToken)
    {
        // Bound to the target: the answer to UDP would leave with the address of the interface otherwise, and never be recognised.
        await using var server = ChildProcess.Start(
            lab.Corp, "iperf3", ["-s", "-1", "--forceflush", "-B", LabNetwork.Target, "-p", Text(LabNetwork.TargetPort)]);
        await server.WaitForLineAsync(
            "iperf3's server listens", line => line.Contains("listening", StringComparison.OrdinalIgnoreCase), cancellationToken: cancellationToken);
        var result = await ChildProcess.RunAsync(
            lab.Device,
            "iperf3",
            TimeSpan.FromSeconds(seconds) + Grace,
            ["iperf3", "-c", running.Target, "-p", Text(running.TargetPort), "-J", "-t", Text(seconds), .. options],
            input: null,
            cancellationToken);
        return result.Output.Contains('{', StringComparison.Ordinal) ? result.Output : result.EnsureSuccess().Output;
    }
}
