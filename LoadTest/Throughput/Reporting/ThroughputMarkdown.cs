using System.Globalization;
using System.Text;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Reporting;

/// <summary>The tables that people read.</summary>
internal static class ThroughputMarkdown
{
    private const string Absent = "–";

    private static readonly (string Head, string Format, string[] Keys)[] Columns =
    [
        ("TCP 1 up", "F0", [Figures.Tcp(1, Direction.Up)]),
        ("TCP 1 down", "F0", [Figures.Tcp(1, Direction.Down)]),
        ("TCP 4 up", "F0", [Figures.Tcp(4, Direction.Up)]),
        ("TCP 4 down", "F0", [Figures.Tcp(4, Direction.Down)]),
        ("UDP 1400 B", "N0", [Figures.Udp(1_400)]),
        ("UDP 200 B", "N0", [Figures.Udp(200)]),
        ("ping idle", "F2", [Figures.PingIdleP50, Figures.PingIdleP99]),
        ("ping, TCP up", "F2", [Figures.PingP50(Direction.Up), Figures.PingP99(Direction.Up)]),
        ("ping, TCP down", "F2", [Figures.PingP50(Direction.Down), Figures.PingP99(Direction.Down)]),
        ("set-up", "F0", [Figures.SetUp]),
        ("CPU s/GB", "F1", [Figures.CpuTotal]),
        ("RSS MB", "F0", [Figures.RssTotal]),
        ("UDP share", "F2", [Figures.UdpShareDevice, Figures.UdpShareCorp]),
    ];

    private static readonly (string Head, string Key)[] Ratios =
    [
        ("TCP 1 up", Figures.Tcp(1, Direction.Up)),
        ("TCP 1 down", Figures.Tcp(1, Direction.Down)),
        ("TCP 4 up", Figures.Tcp(4, Direction.Up)),
        ("TCP 4 down", Figures.Tcp(4, Direction.Down)),
        ("UDP 1400 B", Figures.Udp(1_400)),
        ("UDP 200 B", Figures.Udp(200)),
        ("CPU s/GB", Figures.CpuTotal),
    ];

    public static string Write(ThroughputReport report)
    {
        var text = new StringBuilder();
        WriteConditions(text, report);
        foreach (var link in report.Options.Links)
        {
            var rows = report.Systems.Select(system => (System: system.Name, Values: Medians.Of(report.Turns, link, system.Name))).Where(row => row.Values.Count > 0).ToArray();
            text.AppendLine(CultureInfo.InvariantCulture, $"## Links: {LinkVariants.Describe(link)}").AppendLine();
            WriteTable(text, [.. Columns.Select(column => column.Head)], rows.Select(row => (row.System, Columns.Select(column => Cell(row.Values, column.Format, column.Keys)))));
            WriteRatios(text, rows);
            WriteRoles(text, rows);
        }

        WriteFaults(text, report);
        return text.ToString();
    }

    private static void WriteConditions(StringBuilder text, ThroughputReport report)
    {
        var machine = report.Machine;
        text.AppendLine(CultureInfo.InvariantCulture, $"# Throughput: medians of {report.Options.Runs} rounds{(report.IsInterrupted ? " (interrupted: some turns are missing)" : "")}").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{machine.Processor}, {machine.Cores} cores shared by everything, {machine.MemoryGigabytes} GB; kernel {machine.Kernel}; {machine.Runtime}; TCP inside: {machine.CongestionControl}.");
        text.AppendLine(CultureInfo.InvariantCulture, $"Debian packages: {string.Join(", ", machine.Versions.Select(version => $"{version.Key} {version.Value}"))}.").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"TCP in Mbit/s over {report.Options.Seconds} s (1 and 4 streams), UDP in packets/s received with under 1 % loss from device to corp (size of the IP packet), ping in ms p50 / p99, set-up in ms from the start of the device's process to the first answered ping, CPU seconds of all of a system's processes for 10^9 bytes during the TCP measurements (kernel threads not counted), RSS in 10^6 bytes after load, share of UDP in what left device / corp.").AppendLine();
        foreach (var system in report.Systems)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- `{system.Name}`: {system.Description}");
        }

        foreach (var line in report.Skipped)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- {line}");
        }

        var busy = report.Turns.Where(turn => turn.Values.ContainsKey(Figures.BusyWhileIdle)).Select(turn => turn.Values[Figures.BusyWhileIdle]).ToArray();
        if (busy.Length > 0)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"While the systems were idle, others kept the processors busy for {Medians.Of(busy) * 100:F0} % of the time (median; at most {busy.Max() * 100:F0} %).");
        }

        text.AppendLine();
    }

    private static void WriteRatios(StringBuilder text, (string System, IReadOnlyDictionary<string, double> Values)[] rows)
    {
        var (ours, values) = rows.FirstOrDefault(row => row.System.StartsWith(MeasuredSystems.OursUdp, StringComparison.Ordinal));
        if (ours is null || rows.Length < 2)
        {
            return;
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"`{ours}` divided by:").AppendLine();
        WriteTable(text, [.. Ratios.Select(ratio => ratio.Head)], rows.Where(row => row.System != ours).Select(row => (row.System, Ratios.Select(ratio =>
            values.TryGetValue(ratio.Key, out var own) && row.Values.TryGetValue(ratio.Key, out var other) && other > 0
                ? (own / other).ToString("F2", CultureInfo.InvariantCulture) : Absent))));
    }

    private static void WriteRoles(StringBuilder text, (string System, IReadOnlyDictionary<string, double> Values)[] rows)
    {
        text.AppendLine("CPU s/GB and RSS MB of each role:").AppendLine();
        WriteTable(text, [.. SystemRole.All], rows
            .Where(row => row.Values.ContainsKey(Figures.CpuTotal))
            .Select(row => (row.System, SystemRole.All.Select(role =>
                row.Values.ContainsKey(Figures.Cpu(role)) ? $"{Cell(row.Values, "F2", [Figures.Cpu(role)])} · {Cell(row.Values, "F0", [Figures.Rss(role)])}" : Absent))));
    }

    private static void WriteFaults(StringBuilder text, ThroughputReport report)
    {
        foreach (var turn in report.Turns.Where(turn => turn.Fault is not null))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- fault in {LinkVariants.NameOf(turn.Link)} run {turn.Run} `{turn.System}`: {turn.Fault}");
        }
    }

    private static void WriteTable(StringBuilder text, string[] heads, IEnumerable<(string Name, IEnumerable<string> Cells)> rows)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"| system | {string.Join(" | ", heads)} |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| --- |{string.Concat(Enumerable.Repeat(" ---: |", heads.Length))}");
        foreach (var (name, cells) in rows)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells)} |");
        }

        text.AppendLine();
    }

    private static string Cell(IReadOnlyDictionary<string, double> values, string format, string[] keys) => string.Join(
        " / ", keys.Select(key => values.TryGetValue(key, out var value) ? value.ToString(format, CultureInfo.InvariantCulture) : Absent).DefaultIfEmpty(Absent)) is var text
        && text == $"{Absent} / {Absent}" ? Absent : text;
}
