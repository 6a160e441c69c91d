using System.Text.Json;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Reporting;

/// <summary>Everything a run found out; written as Markdown for people and as JSON for programs.</summary>
/// <param name="machine">What the figures depend on.</param>
/// <param name="options">How long and how often.</param>
/// <param name="systems">In the order of the rows.</param>
/// <param name="skipped">A line for each system that is not installed.</param>
internal sealed class ThroughputReport(
    MachineFacts machine, ThroughputOptions options, IReadOnlyList<IMeasuredSystem> systems, IReadOnlyList<string> skipped)
{
    private static readonly JsonSerializerOptions JsonOptions = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public MachineFacts Machine => machine;

    public ThroughputOptions Options => options;

    public IReadOnlyList<IMeasuredSystem> Systems => systems;

    public IReadOnlyList<string> Skipped => skipped;

    public List<Turn> Turns { get; } = [];

    /// <summary>Ctrl-C came before the last turn.</summary>
    public bool IsInterrupted { get; set; }

    /// <summary>Writes both files, when a directory for them was named.</summary>
    /// <returns>The Markdown.</returns>
    public string Write()
    {
        var markdown = ThroughputMarkdown.Write(this);
        if (options.OutputDirectory is { } directory)
        {
            Directory.CreateDirectory(directory);
            File.WriteAllText(Path.Combine(directory, "throughput.md"), markdown);
            File.WriteAllText(Path.Combine(directory, "throughput.json"), ToJson() + "\n");
        }

        return markdown;
    }

    /// <summary>All turns, their medians, and what they depend on.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            machine,
            options.Runs,
            options.Seconds,
            IsInterrupted,
            Skipped,
            Systems = systems.Select(system => new { system.Name, system.Description }),
            Medians = options.Links.SelectMany(link => systems.Select(system => new
            {
                Link = LinkVariants.NameOf(link),
                System = system.Name,
                Values = Medians.Of(Turns, link, system.Name),
            })),
            Turns = Turns.Select(turn => new { Link = LinkVariants.NameOf(turn.Link), turn.System, turn.Run, turn.Values, turn.Fault }),
        },
        JsonOptions);
}
