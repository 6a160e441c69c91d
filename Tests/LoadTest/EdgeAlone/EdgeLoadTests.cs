using OrleansUem.LoadTest.EdgeAlone;
using Xunit;

namespace OrleansUem.Tests.LoadTest.EdgeAlone;

[Trait("Category", "E2E")]
public sealed class EdgeLoadTests
{
    [Fact]
    public async Task RunAsync_WithThreeDevices_ForwardsFramesInEachOfItsLoads()
    {
        var lines = new List<string>();
        await EdgeLoad.RunAsync(devices: 3, seconds: 1, lines.Add, CancellationToken.None);

        var results = lines.Where(line => line.Contains("us/frame", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, results.Length); // four loads, and the kernel's sends alone
        Assert.All(results, line => Assert.Matches(@" [1-9][\d,]{3,} frames, ", line));
        Assert.Single(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^addresses proven.* [1-9][\d,]+ times, "));
    }
}
