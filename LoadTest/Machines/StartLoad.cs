using System.Diagnostics;
using System.Globalization;

namespace OrleansUem.LoadTest.Machines;

/// <summary>How long a program takes from its start to its word that it is ready.</summary>
public static class StartLoad
{
    /// <summary>The most starts of one run.</summary>
    public const int MaxRuns = 100;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Starts a program, waits for a line with the word "ready", asks it to end, and so on.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="runs">How often, 1..<see cref="MaxRuns"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A line for people: milliseconds of each start, and the resident memory of the last.</returns>
    /// <exception cref="InvalidOperationException">It ended before it was ready.</exception>
    /// <exception cref="TimeoutException">It was not ready, or did not end, within a minute.</exception>
    public static async Task<string> RunAsync(IReadOnlyList<string> command, int runs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (runs is < 1 or > MaxRuns)
        {
            throw new ArgumentException($"runs {runs} is out of range: 1 to {MaxRuns}.");
        }

        var elapsed = new List<double>();
        var memory = "";
        for (var run = 0; run < runs; run++)
        {
            var watch = Stopwatch.StartNew();
            await using var process = ChildProcess.Start(null, command[0], command.Skip(1));
            await process.WaitForLineAsync("ready", static line => line.Contains(" ready", StringComparison.Ordinal), Limit, cancellationToken: cancellationToken);
            elapsed.Add(watch.Elapsed.TotalMilliseconds);
            memory = ResidentMemoryOf(process.ProcessId);
            process.Interrupt();
            await process.WaitForExitAsync("end", Limit, cancellationToken);
        }

        var each = string.Join(", ", elapsed.Select(static value => value.ToString("F0", CultureInfo.InvariantCulture)));
        return string.Create(
            CultureInfo.InvariantCulture, $"ready after {elapsed.Order().ElementAt(elapsed.Count / 2):F0} ms (median of {runs}: {each}), resident {memory}");
    }

    private static string ResidentMemoryOf(int processId) =>
        File.ReadLines($"/proc/{processId}/status").FirstOrDefault(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal))?["VmRSS:".Length..].Trim() ?? "unknown";
}
