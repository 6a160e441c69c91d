using System.Globalization;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>What a tunnel's traffic has come to at one moment.</summary>
/// <param name="Seconds">Since its start.</param>
/// <param name="Sent">Packets written.</param>
/// <param name="Echoed">Packets that came back.</param>
/// <param name="WorstMs">The longest round trip since the figures before.</param>
public sealed record TrafficFigures(double Seconds, long Sent, long Echoed, double WorstMs)
{
    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    internal static TrafficFigures Parse(ReadOnlySpan<string> words) => new(
        double.Parse(words[0], CultureInfo.InvariantCulture),
        long.Parse(words[1], CultureInfo.InvariantCulture),
        long.Parse(words[2], CultureInfo.InvariantCulture),
        double.Parse(words[3], CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seconds:F3} {Sent} {Echoed} {WorstMs:F1}");
}
