using OrleansUem.LoadTest.Throughput;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

/// <summary>The measurement itself, as short as it can be; nothing is said about the figures.</summary>
[Collection(AloneCollection.Name)]
[Trait("Category", "E2E")]
public sealed class ThroughputRunTests
{
    private static readonly string[] Program = ["dotnet", Path.Combine(AppContext.BaseDirectory, "uem.dll")];

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "iperf3", "ping")]
    public async Task Run_OursAndTheBareNetwork_MeasuresEverythingWithoutAFault()
    {
        var lines = new List<string>();
        var options = new ThroughputOptions { Program = Program, Runs = 1, Seconds = 1, Links = [LinkVariant.AsIs], Systems = ["uem", "plain"] };
        var markdown = await ThroughputBenchmark.RunAsync(options, lines.Add, CancellationToken.None);
        Assert.DoesNotContain("fault", markdown, StringComparison.Ordinal);
        var row = markdown.Split('\n').First(line => line.StartsWith("| uem | ", StringComparison.Ordinal));

        // Of the 50 pings of half a second one lost is enough for no 99th percentile.
        Assert.DoesNotContain(" – ", row[..row.LastIndexOf('|')].Replace(" / – ", " / lost ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(3, lines.Count);
    }

    [RequiresFact(Requirement.NetNamespaces, "iperf3", "ping")]
    public async Task Run_CancelledInATurn_ReportsAndCleansUp()
    {
        using var stop = new CancellationTokenSource();
        var options = new ThroughputOptions { Program = Program, Runs = 2, Seconds = 1, Links = [LinkVariant.AsIs], Systems = ["plain"] };
        var run = ThroughputBenchmark.RunAsync(options, line => stop.CancelAfter(line.StartsWith("2 turns", StringComparison.Ordinal) ? 2_000 : 0), stop.Token);
        Assert.Contains("interrupted", await run, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.Exists("/run/netns") ? Directory.EnumerateFiles("/run/netns").Select(path => Path.GetFileName(path)!) : [],
            name => name.StartsWith($"{NetNamespace.NamePrefix}{Environment.ProcessId}-", StringComparison.Ordinal) && name.EndsWith("-corp", StringComparison.Ordinal));
    }
}
