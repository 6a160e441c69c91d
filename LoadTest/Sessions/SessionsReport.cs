using System.Globalization;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>What a run of <see cref="SessionsLoad"/> measured.</summary>
/// <param name="Options">Of what.</param>
/// <param name="Seconds">All measured set-ups.</param>
/// <param name="CpuSeconds">Of each role for them.</param>
/// <param name="Memory">Of edge and node, for each session.</param>
public sealed record SessionsReport(SessionsOptions Options, double Seconds, IReadOnlyList<(string Role, double Seconds)> CpuSeconds, IReadOnlyList<string> Memory)
{
    /// <summary>Lines for people.</summary>
    public override string ToString()
    {
        var lines = new List<string>
        {
            Invariant($"{Options.Count} idle sessions with a tunnel, data over {(Options.UsesUdp ? "UDP" : "TCP")}, after {Options.WarmUp} others: {Seconds:F1} s, {Options.Count / Seconds:F0}/s"),
        };
        foreach (var (role, seconds) in CpuSeconds)
        {
            lines.Add(Invariant($"{role,-8} {seconds * 1e3 / Options.Count,7:F2} ms CPU a set-up, {Options.Count / Math.Max(seconds, 0.01),6:F0}/s per core"));
        }

        return string.Join('\n', lines.Concat(Memory));
    }

    internal static string DescribeMemory(string role, MemoryFigures each, MemoryFigures total) => Invariant(
        $"{role,-8} {each.Settled / 1e3,7:F1} kB a session resident once settled ({each.Found / 1e3:F1} as found), of it {each.Managed / 1e3:F1} managed, {each.Native / 1e3:F1} of OpenSSL; the process {total.Settled / 1e6:F0} MB ({total.Found / 1e6:F0} as found)");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
