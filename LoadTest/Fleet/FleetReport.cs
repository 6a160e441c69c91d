using System.Globalization;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>What a run measured.</summary>
/// <param name="Devices">Simulated devices, each with its tunnel.</param>
/// <param name="EnrolSeconds">All enrolments.</param>
/// <param name="SetUpSeconds">All set-ups: TLS, attach, open, end-to-end DTLS, configuration.</param>
/// <param name="SetUpMilliseconds">Each set-up.</param>
/// <param name="EchoesSent">Packets that were sent to be echoed.</param>
/// <param name="EchoMilliseconds">Each round trip that came back.</param>
public sealed record FleetReport(
    int Devices, double EnrolSeconds, double SetUpSeconds, IReadOnlyList<double> SetUpMilliseconds, int EchoesSent, IReadOnlyList<double> EchoMilliseconds)
{
    /// <summary>Lines for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        devices enrolled      {Devices} in {EnrolSeconds:F1} s ({Devices / EnrolSeconds:F0}/s)
        tunnels set up        {Devices} in {SetUpSeconds:F1} s ({Devices / SetUpSeconds:F0}/s), each p50 {Percentile(SetUpMilliseconds, 0.5):F0} ms, p99 {Percentile(SetUpMilliseconds, 0.99):F0} ms
        echoes                {(EchoesSent == 0 ? "none sent" : EchoText())}
        """);

    private string EchoText() => string.Create(
        CultureInfo.InvariantCulture,
        $"{EchoMilliseconds.Count} of {EchoesSent}, p50 {Percentile(EchoMilliseconds, 0.5):F2} ms, p99 {Percentile(EchoMilliseconds, 0.99):F2} ms");

    private static double Percentile(IReadOnlyList<double> values, double share)
    {
        if (values.Count == 0)
        {
            return double.NaN;
        }

        var sorted = values.Order().ToArray();
        return sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)];
    }
}
