using System.Diagnostics.Metrics;
using OrleansUem.Transport.Health;
using Xunit;

namespace OrleansUem.Tests.Transport.Health;

/// <summary>Meters as Prometheus reads them.</summary>
public sealed class MetricsTextTests
{
    [Fact]
    public void Read_EveryKind_HasNameTypeAndLabels()
    {
        using var text = new MetricsText();
        using var meter = new Meter("uem.test.text");
        using var other = new Meter("somebody.else");
        meter.CreateObservableCounter(
            "uem.test.text.drops",
            () => new Measurement<long>[] { new(0, Label("QueueFull")), new(3, Label("a \"b\"\\\n")) },
            "{frame}",
            "Frames\ndropped");
        meter.CreateObservableUpDownCounter("uem.test.text.sessions", () => 5);
        var counter = meter.CreateCounter<long>("uem.test.text.done");
        counter.Add(2);
        counter.Add(3);
        other.CreateObservableCounter("uem.stranger", () => 1L);
        Assert.Equal(
            """
            # HELP uem_test_text_done_total 
            # TYPE uem_test_text_done_total counter
            uem_test_text_done_total 5
            # HELP uem_test_text_drops_total Frames\ndropped
            # TYPE uem_test_text_drops_total counter
            uem_test_text_drops_total{reason="QueueFull"} 0
            uem_test_text_drops_total{reason="a \"b\"\\\n"} 3
            # HELP uem_test_text_sessions 
            # TYPE uem_test_text_sessions gauge
            uem_test_text_sessions 5

            """,
            Of(text, "uem_test_text"));
    }

    [Fact]
    public void Read_Twice_ObservesAgain()
    {
        using var text = new MetricsText();
        using var meter = new Meter("uem.test.again");
        var value = 1;
        meter.CreateObservableGauge("uem.test.again.now", () => value);
        Assert.Contains("uem_test_again_now 1\n", text.Read(), StringComparison.Ordinal);
        value = 7;
        Assert.Contains("uem_test_again_now 7\n", text.Read(), StringComparison.Ordinal);
        meter.Dispose();
        Assert.DoesNotContain("uem_test_again_now 7\n", text.Read(), StringComparison.Ordinal);
    }

    // Other tests of the process have meters too.
    private static string Of(MetricsText text, string prefix) => string.Concat(
        text.Read().Split('\n').Where(line => line.Contains(prefix, StringComparison.Ordinal)).Select(static line => line + "\n"));

    private static KeyValuePair<string, object?> Label(string reason) => new("reason", reason);
}
