using System.Diagnostics;
using System.Globalization;
using OrleansUem.LoadTest.Throughput.Measuring;
using OrleansUem.LoadTest.Throughput.Reporting;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput;

/// <summary>
/// <c>uem load throughput</c>: ours and peers side by side, each in its turn on the same network of three namespaces, so that the noise of the machine
/// hits all alike and the ratio of medians means something. Needs Linux and root.
/// </summary>
public static class ThroughputBenchmark
{
    // Start, pings and stop, and warm-up and some ten UDP probes in lengths of a measurement; only an estimate for the person who waits.
    private const double FixedSecondsPerTurn = 12;
    private const double LengthsPerTurn = 8;

    /// <summary>Measures and writes the reports.</summary>
    /// <param name="options">Validated here.</param>
    /// <param name="progress">A line for each step.</param>
    /// <param name="cancellationToken">Ends it; what was measured until then is reported all the same.</param>
    /// <returns>The tables as Markdown.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException">This machine can't run it.</exception>
    public static async Task<string> RunAsync(ThroughputOptions options, Action<string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        options.Validate();
        var systems = MeasuredSystems.Select(MeasuredSystems.Create(options.Program), options.Systems);
        BenchMachine.Require(options.Links);
        var skipped = systems.Select(MeasuredSystems.DescribeMissing).OfType<string>().ToArray();
        Array.ForEach(skipped, progress);
        systems = [.. systems.Where(system => MeasuredSystems.DescribeMissing(system) is null)];
        var report = new ThroughputReport(await MachineFacts.ReadAsync(systems, cancellationToken), options, systems, skipped);
        using var folder = new BenchFolder();
        try
        {
            await MeasureAsync(options, systems, folder, report, progress, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            report.IsInterrupted = true;
        }

        return report.Write();
    }

    private static async Task MeasureAsync(
        ThroughputOptions options, IReadOnlyList<IMeasuredSystem> systems, BenchFolder folder, ThroughputReport report, Action<string> progress,
        CancellationToken cancellationToken)
    {
        var turns = options.Links.Count * options.Runs * systems.Count;
        var tcpSeconds = 2 * TurnMeter.TcpStreams.Count * options.Seconds;
        progress(string.Create(CultureInfo.InvariantCulture, $"{turns} turns, about {turns * (FixedSecondsPerTurn + (LengthsPerTurn * options.Seconds) + tcpSeconds) / 60:F0} minutes"));
        var prepared = new HashSet<string>(StringComparer.Ordinal);
        foreach (var link in options.Links)
        {
            await using var lab = await LabNetwork.BuildAsync(link);
            var rates = new UdpRates();
            for (var run = 1; run <= options.Runs; run++)
            {
                foreach (var system in systems)
                {
                    var startedAt = Stopwatch.GetTimestamp();

                    // A system that could not be prepared tries again in its next turn, in an empty folder.
                    var turn = new TurnMeter(lab, options.Seconds, rates);
                    if (prepared.Contains(system.Name) || await turn.PrepareAsync(system, folder.NewFolder(), cancellationToken))
                    {
                        prepared.Add(system.Name);
                        await turn.MeasureAsync(system, cancellationToken);
                    }

                    report.Turns.Add(turn.ToTurn(link, system.Name, run));
                    progress(TurnLine.Of(report.Turns[^1], report.Turns.Count, turns, Stopwatch.GetElapsedTime(startedAt)));
                }
            }
        }
    }
}
