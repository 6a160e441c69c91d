using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The main job over a link with 1 % loss and 50 ms of delay each way: slower, never wrong.</summary>
public abstract class PoorLinkTests(SharedInstallation shared)
{
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Curl_OfALargeFile_HasTheServersHash()
    {
        const long count = 100_000_000;
        var uem = await shared.GetAsync();
        Assert.Equal(SampleBytes.Sha256(count), await uem.DownloadAsync(count, TimeSpan.FromMinutes(4)));
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Curl_AHundredAtOnce_AllArriveIntact()
    {
        const long count = 50_000;
        var uem = await shared.GetAsync();
        var expected = SampleBytes.Sha256(count);
        var downloads = Enumerable.Range(0, 100).Select(_ => uem.DownloadAsync(count, TimeSpan.FromMinutes(4))).ToArray();
        Assert.All(await Task.WhenAll(downloads), hash => Assert.Equal(expected, hash));
    }

    /// <summary>On UDP the tunnel loses what the link loses, 2 % of the pings, and adds nothing: 10 lost of 50 are one case in a million.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "ping")]
    public async Task Ping_ThroughTheTunnel_LosesNoMoreThanTheLink()
    {
        var uem = await shared.GetAsync();
        var result = await uem.DeviceSide.TryRunAsync("ping", "-c", "50", "-i", "0.1", "-W", "10", "-q", UemInstallation.WebAddress);
        var received = int.Parse(result.Output.Split(" received")[0].Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(received, 41, 50);
    }

    [RequiresTheory(Requirement.Tun | Requirement.Nftables, "iperf3")]
    [InlineData("")]
    [InlineData("-R")]
    public async Task Iperf_Tcp_CarriesData(string direction)
    {
        var uem = await shared.GetAsync();
        using var report = await uem.IperfAsync(direction.Length == 0 ? ["-t", "5"] : ["-t", "5", direction]);
        Assert.True(report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bytes").GetDouble() > 100_000);
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "iperf3")]
    public async Task Iperf_UdpBelowCapacity_LosesLittle()
    {
        var uem = await shared.GetAsync();
        using var report = await uem.IperfAsync(["-t", "5", "-u", "-b", "2M", "-l", "1200"]);
        Assert.InRange(report.RootElement.GetProperty("end").GetProperty("sum").GetProperty("lost_percent").GetDouble(), 0, 5);
    }
}
