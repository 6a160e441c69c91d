namespace OrleansUem.LoadTest.Hostile;

/// <summary>A tunnel's traffic in one stretch of time.</summary>
/// <param name="PerSecond">Packets that came back in a second.</param>
/// <param name="LossPercent">Of those sent; a few that are under way at the edges of the stretch may make it negative by a hair.</param>
/// <param name="WorstMs">The longest round trip.</param>
public sealed record TrafficShare(double PerSecond, double LossPercent, double WorstMs)
{
    internal static TrafficShare Between(IReadOnlyList<TrafficFigures> figures) => new(
        (figures[^1].Echoed - figures[0].Echoed) / Math.Max(0.001, figures[^1].Seconds - figures[0].Seconds),
        100.0 - (100.0 * (figures[^1].Echoed - figures[0].Echoed) / Math.Max(1, figures[^1].Sent - figures[0].Sent)),
        figures.Skip(1).Max(each => each.WorstMs));
}
