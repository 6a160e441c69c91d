using System.Text.Json;
using OrleansUem.LoadTest.Throughput;
using OrleansUem.LoadTest.Throughput.Reporting;
using OrleansUem.LoadTest.Throughput.Systems;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class ThroughputReportTests
{
    private static readonly string Up = Figures.Tcp(1, Direction.Up);

    [Theory]
    [InlineData(new[] { 3.0 }, 3)]
    [InlineData(new[] { 9.0, 1, 5 }, 5)]
    [InlineData(new[] { 4.0, 1, 2, 9 }, 3)]
    public void Median_Values_IsTheMiddle(double[] values, double expected) => Assert.Equal(expected, Medians.Of(values));

    [Fact]
    public void Medians_AFigureThatFailedOnce_AreOverTheOtherRuns()
    {
        Turn[] turns =
        [
            TurnOf("uem", 1, (Up, 100)), TurnOf("uem", 2), TurnOf("uem", 3, (Up, 300)), TurnOf("plain", 1, (Up, 9_000)),
            TurnOf("uem", 1, (Up, 7)) with { Link = LinkVariant.None },
        ];
        Assert.Equal(new Dictionary<string, double> { [Up] = 200 }, Medians.Of(turns, LinkVariant.AsIs, "uem"));
    }

    [Fact]
    public void Markdown_TwoSystems_HasFiguresRatiosAndRoles()
    {
        var markdown = Sample().Write();
        Assert.Contains("| uem | 2000 | – | – | – | 99,500 | – | 0.30 / 1.25 | –", markdown, StringComparison.Ordinal);
        Assert.Contains("| openvpn | 500 | – | – | – | – |", markdown, StringComparison.Ordinal);
        Assert.Contains("`uem` divided by:", markdown, StringComparison.Ordinal);
        Assert.Contains("| openvpn | 4.00 | – | – | – | – | – | 0.25 |", markdown, StringComparison.Ordinal);
        Assert.Contains("| uem | 2.50 · 90 | – | – | – |", markdown, StringComparison.Ordinal);
        Assert.Contains("- skipped: ocserv: not here", markdown, StringComparison.Ordinal);
        Assert.Contains("- fault in as-is run 1 `openvpn`: it ended", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("interrupted", markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_TwoSystems_HasMediansAndTurns()
    {
        using var json = JsonDocument.Parse(Sample().ToJson());
        var median = json.RootElement.GetProperty("medians")[0];
        Assert.Equal("as-is", median.GetProperty("link").GetString());
        Assert.Equal("uem", median.GetProperty("system").GetString());
        Assert.Equal(2_000, median.GetProperty("values").GetProperty("tcp_1_up_mbit_s").GetDouble());
        Assert.Equal(2, json.RootElement.GetProperty("turns").GetArrayLength());
        Assert.Equal("it ended", json.RootElement.GetProperty("turns")[1].GetProperty("fault").GetString());
        Assert.Equal("1.2", json.RootElement.GetProperty("machine").GetProperty("versions").GetProperty("openvpn").GetString());
    }

    private static ThroughputReport Sample()
    {
        var systems = MeasuredSystems.Select(MeasuredSystems.Create(["uem"]), ["uem", "openvpn"]);
        var versions = new Dictionary<string, string> { ["openvpn"] = "1.2" };
        var report = new ThroughputReport(
            new MachineFacts("A processor", 2, 24, "6.18", ".NET 10", "cubic", versions),
            new ThroughputOptions { Program = ["uem"], Runs = 1, Links = [LinkVariant.AsIs] },
            systems,
            ["skipped: ocserv: not here"]);
        report.Turns.Add(TurnOf(
            "uem", 1, (Up, 2_000), (Figures.Udp(1_400), 99_500), (Figures.PingIdleP50, 0.3), (Figures.PingIdleP99, 1.25), (Figures.CpuTotal, 2.5),
            (Figures.Cpu(SystemRole.Device), 2.5), (Figures.Rss(SystemRole.Device), 90)));
        report.Turns.Add(TurnOf("openvpn", 1, (Up, 500), (Figures.CpuTotal, 10)) with { Fault = "it ended" });
        return report;
    }

    private static Turn TurnOf(string system, int run, params (string Key, double Value)[] values) =>
        new(LinkVariant.AsIs, system, run, values.ToDictionary(value => value.Key, value => value.Value), null);
}
