using System.Globalization;

namespace OrleansUem.LoadTest.Throughput.Reporting;

/// <summary>A turn in one line, for the person who waits.</summary>
internal static class TurnLine
{
    public static string Of(Turn turn, int number, int of, TimeSpan took)
    {
        string Value(string key) => turn.Values.TryGetValue(key, out var value) ? value.ToString("F0", CultureInfo.InvariantCulture) : "-";
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{number}/{of} {LinkVariants.NameOf(turn.Link)} run {turn.Run} {turn.System}: TCP up {Value(Figures.Tcp(1, Direction.Up))}, down {Value(Figures.Tcp(1, Direction.Down))} Mbit/s, UDP {Value(Figures.Udp(1_400))} and {Value(Figures.Udp(200))} packets/s, CPU {Value(Figures.CpuTotal)} s/GB ({took.TotalSeconds:F0} s)");
        return turn.Fault is null ? text : $"{text}; {turn.Fault}";
    }
}
