namespace OrleansUem.LoadTest.Throughput;

/// <summary>What one system showed in one round.</summary>
/// <param name="Link">The cables.</param>
/// <param name="System">The system's name.</param>
/// <param name="Run">The round, from 1.</param>
/// <param name="Values">By key of <see cref="Figures"/>; what could not be measured is absent.</param>
/// <param name="Fault">Why something is absent, in one line; null: nothing went wrong.</param>
internal sealed record Turn(LinkVariant Link, string System, int Run, IReadOnlyDictionary<string, double> Values, string? Fault);
