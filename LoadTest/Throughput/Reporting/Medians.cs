namespace OrleansUem.LoadTest.Throughput.Reporting;

/// <summary>The middle of each figure over the rounds.</summary>
internal static class Medians
{
    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    /// <param name="values">At least one.</param>
    public static double Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>By figure, over the turns of one system on one link in which it could be measured.</summary>
    public static IReadOnlyDictionary<string, double> Of(IEnumerable<Turn> turns, LinkVariant link, string system) => turns
        .Where(turn => turn.Link == link && turn.System == system)
        .SelectMany(turn => turn.Values)
        .GroupBy(value => value.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => Of(group.Select(value => value.Value)), StringComparer.Ordinal);
}
