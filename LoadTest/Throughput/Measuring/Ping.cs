using System.Globalization;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>Runs ping from the device to the target.</summary>
internal static class Ping
{
    /// <param name="lab">The network.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="interval">Seconds between two requests.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PingReport> MeasureAsync(LabNetwork lab, double seconds, double interval, CancellationToken cancellationToken)
    {
        var count = (int)Math.Max(seconds / interval, 1);
        var result = await ChildProcess.RunAsync(
            lab.Device,
            "ping",
            TimeSpan.FromSeconds(seconds + 15),
            ["ping", "-n", "-i", interval.ToString(CultureInfo.InvariantCulture), "-c", count.ToString(CultureInfo.InvariantCulture), "-W", "2", LabNetwork.Target],
            input: null,
            cancellationToken);
        return PingReport.Read(result.Output);
    }
}
