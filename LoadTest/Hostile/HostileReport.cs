using System.Globalization;
using System.Text;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>What all attacks of a run came to.</summary>
/// <param name="Options">What was asked for.</param>
/// <param name="Normal">The tunnels without an attack, UDP and TCP.</param>
/// <param name="Attacks">Each attack.</param>
/// <param name="Last">Totals of both tunnels at the end, when all echoes had time to come.</param>
public sealed record HostileReport(
    HostileOptions Options, (TrafficShare OverUdp, TrafficShare OverTcp) Normal, IReadOnlyList<AttackResult> Attacks, (TrafficFigures OverUdp, TrafficFigures OverTcp) Last)
{
    /// <summary>A table in Markdown.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Line(text, $"Normal: {Text(Normal.OverUdp)} over UDP, {Text(Normal.OverTcp)} over TCP.");
        Line(text, $"");
        Line(text, $"| attack | sent | s | refused | edge CPU s | RSS before, peak, after MB | tunnel over UDP: packets/s, lost, worst ms | tunnel over TCP |");
        Line(text, $"| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var attack in Attacks)
        {
            var refused = attack.Fault ?? string.Join(", ", attack.Refused.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key[(pair.Key.IndexOf('/', StringComparison.Ordinal) + 1)..]} {pair.Value}"));
            Line(text, $"| {attack.Name} | {attack.Sent} | {attack.Seconds:F1} | {refused} | {attack.CpuSeconds:F1} | {attack.RssBefore / 1e6:F0}, {attack.RssPeak / 1e6:F0}, {attack.RssAfter / 1e6:F0} | {Text(attack.OverUdp)} | {Text(attack.OverTcp)} |");
        }

        Line(text, $"");
        Line(text, $"Altogether {Last.OverUdp.Echoed} of {Last.OverUdp.Sent} packets came back over UDP and {Last.OverTcp.Echoed} of {Last.OverTcp.Sent} over TCP.");
        return text.ToString();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

    private static string Text(TrafficShare share) =>
        string.Create(CultureInfo.InvariantCulture, $"{share.PerSecond:F0}, {Math.Max(0, share.LossPercent):F2} %, {share.WorstMs:F0}");
}
