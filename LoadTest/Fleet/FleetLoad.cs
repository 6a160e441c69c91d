using System.Diagnostics;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>Scenarios of many devices with a tunnel each.</summary>
public static class FleetLoad
{
    /// <summary>The most devices of one run: each has a thread in this process.</summary>
    public const int MaxDevices = 5_000;

    private const int EchoesPerDevice = 20;
    private const int EchoPayloadBytes = 200;
    private const int ConcurrentSetUps = 16;
    private static readonly Ipv4Address Target = Ipv4Address.Parse("10.1.0.10");

    /// <summary>A whole relay and node in this process, devices that enrol, open tunnels, exchange packets and leave.</summary>
    /// <param name="devices">How many, 1..<see cref="MaxDevices"/>.</param>
    /// <param name="databaseFile">A file that names an empty PostgreSQL database for the silo; null: SQLite.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What it measured.</returns>
    /// <exception cref="InvalidOperationException">An echo is missing.</exception>
    public static async Task<FleetReport> RunSmokeAsync(int devices, string? databaseFile, CancellationToken cancellationToken)
    {
        RequireCount(devices);
        await using var relay = await LocalRelay.StartAsync(databaseFile, cancellationToken);
        await using var fleet = new DeviceFleet();
        var report = await RunAsync(fleet, relay.NodeState, relay.ForDevices, devices, cancellationToken);
        return report.EchoMilliseconds.Count == report.EchoesSent
            ? report
            : throw new InvalidOperationException($"{report.EchoesSent - report.EchoMilliseconds.Count} of {report.EchoesSent} echoes are missing.\n{report}");
    }

    /// <summary>Devices against a relay and node that run already on this machine; their tunnels stay open, at rest, until cancelled.</summary>
    /// <param name="nodeState">The node's state directory, to make activations.</param>
    /// <param name="relay">Where devices reach the relay.</param>
    /// <param name="devices">How many, 1..<see cref="MaxDevices"/>.</param>
    /// <param name="onUp">Gets the report when all tunnels are up.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task HoldAsync(
        string nodeState, RelayAddress relay, int devices, Action<FleetReport> onUp, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onUp);
        RequireCount(devices);
        await using var fleet = new DeviceFleet();
        onUp(await RunAsync(fleet, nodeState, relay, devices, cancellationToken, echoes: 0));
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    private static async Task<FleetReport> RunAsync(
        DeviceFleet fleet, string nodeState, RelayAddress relay, int devices, CancellationToken cancellationToken, int echoes = EchoesPerDevice)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await fleet.EnrolAsync(nodeState, relay, devices, cancellationToken);
        var enrolled = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        startedAt = Stopwatch.GetTimestamp();
        await fleet.StartAsync(devices, ConcurrentSetUps, cancellationToken);
        var setUp = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        var roundTrips = new List<double>();
        foreach (var device in fleet.Devices)
        {
            var configuration = await device.WaitUpAsync(cancellationToken);

            // A lost echo would wait for ever; the cancellation ends the read.
            using var stop = cancellationToken.UnsafeRegister(static state => ((SimulatedDevice)state!).StopReading(), device);
            await Task.Factory.StartNew(
                () => device.PingPong(configuration, Target, echoes, EchoPayloadBytes, roundTrips),
                cancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }

        return new FleetReport(
            devices, enrolled, setUp, [.. fleet.Devices.Select(device => device.SetUpTime.TotalMilliseconds)], devices * echoes, roundTrips);
    }

    private static void RequireCount(int devices)
    {
        if (devices is < 1 or > MaxDevices)
        {
            throw new ArgumentException($"devices {devices} is out of range: 1 to {MaxDevices}.");
        }
    }
}
