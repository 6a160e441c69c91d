namespace OrleansUem.LoadTest.Throughput;

/// <summary>What <c>uem load throughput</c> measures and for how long.</summary>
public sealed record ThroughputOptions
{
    public const int RunsMax = 50;
    public const int SecondsMax = 60;

    /// <summary>How this program is started again for its roles: the program and its first arguments.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>Rounds on each link variant, 1..<see cref="RunsMax"/>; every system has one turn in a round. Medians want three.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>Length of each TCP measurement in seconds, 1..<see cref="SecondsMax"/>. With one or two the warm-up and the probes of the UDP search are shorter too.</summary>
    public int Seconds { get; init; } = 4;

    /// <summary>Names of the systems; empty: all.</summary>
    public IReadOnlyList<string> Systems { get; init; } = [];

    public IReadOnlyList<LinkVariant> Links { get; init; } = LinkVariants.All;

    /// <summary>Where throughput.md and throughput.json go; null: nowhere.</summary>
    public string? OutputDirectory { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require(Runs is >= 1 and <= RunsMax, $"--runs {Runs} is out of range: 1 to {RunsMax}.");
        Require(Seconds is >= 1 and <= SecondsMax, $"--seconds {Seconds} is out of range: 1 to {SecondsMax}.");
        Require(Links.Count > 0, "--links names no link variant: as-is, gro or none.");
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ArgumentException(fault);
        }
    }
}
