using System.Text.Json;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>What an edge's process counts at one moment.</summary>
/// <param name="RssBytes">Resident memory.</param>
/// <param name="CpuSeconds">CPU of all threads since the start.</param>
/// <param name="Counts">Each figure of the meter uem.edge, with its label: <c>refusals/TooManyConnections</c>.</param>
public sealed record EdgeFigures(long RssBytes, double CpuSeconds, IReadOnlyDictionary<string, long> Counts)
{
    internal const string LinePrefix = "figures ";

    /// <summary>A figure; 0 when it is not there.</summary>
    public long this[string name] => Counts.GetValueOrDefault(name);

    /// <summary>Reads a line of the process.</summary>
    internal static EdgeFigures Parse(string line) =>
        JsonSerializer.Deserialize<EdgeFigures>(line[LinePrefix.Length..]) ?? throw new FormatException("The edge's figures are null.");

    internal string ToLine() => LinePrefix + JsonSerializer.Serialize(this);
}
