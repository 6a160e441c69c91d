namespace OrleansUem.LoadTest.Sessions;

/// <summary>What <see cref="SessionsLoad"/> does.</summary>
public sealed record SessionsOptions
{
    /// <summary>Most sessions: they come from one address, whose ports are 28,000.</summary>
    public const int CountMax = 20_000;

    /// <summary>Most sessions before the measured ones.</summary>
    public const int WarmUpMax = 2_000;

    /// <summary>How to start this program: file and first arguments. Silo, edge, node and the devices run in processes of their own.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>Sessions with a tunnel that are measured, 1..<see cref="CountMax"/>.</summary>
    public int Count { get; init; } = 10_000;

    /// <summary>Sessions with a tunnel before them, which stay: what the processes load, compile and keep for the first ones is not counted. 1..<see cref="WarmUpMax"/>.</summary>
    public int WarmUp { get; init; } = 1_000;

    /// <summary>Whether the devices' data goes over UDP.</summary>
    public bool UsesUdp { get; init; }

    /// <summary>Set-ups at a time, 1..256.</summary>
    public int Concurrency { get; init; } = 16;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        Within("--count", Count, 1, CountMax);
        Within("--warm-up", WarmUp, 1, WarmUpMax);
        Within("--concurrency", Concurrency, 1, 256);
    }

    private static void Within(string option, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            throw new ArgumentException($"{option} {value} is out of its range {min}..{max}.");
        }
    }
}
