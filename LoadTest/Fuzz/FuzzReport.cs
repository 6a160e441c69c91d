using System.Globalization;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>What a run over one target found.</summary>
/// <param name="Target">The parser's name.</param>
/// <param name="Inputs">How many were fed.</param>
/// <param name="Accepted">How many of them the parser took: a run that the first check refuses shows nothing.</param>
/// <param name="Elapsed">Wall clock, mutation included.</param>
/// <param name="Slowest">The slowest input.</param>
/// <param name="MaxAllocatedBytes">The most managed memory that one input cost.</param>
/// <param name="Failure">The input that ended the run; null when every promise held.</param>
internal sealed record FuzzReport(string Target, long Inputs, long Accepted, TimeSpan Elapsed, TimeSpan Slowest, long MaxAllocatedBytes, FuzzFailure? Failure)
{
    /// <summary>The head of the table.</summary>
    public const string Head = "target                        inputs    accepted   inputs/s   slowest ms   most KB";

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Target,-24} {Inputs,11:N0} {100.0 * Accepted / Math.Max(1, Inputs),9:F1} % {Inputs / Math.Max(0.001, Elapsed.TotalSeconds),10:N0} {Slowest.TotalMilliseconds,12:F1} {MaxAllocatedBytes / 1024.0,9:F1}");
}
