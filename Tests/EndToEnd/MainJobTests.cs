using System.Globalization;
using OrleansUem.LoadTest.Web;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The main job on a clean link: one installation, each test one thing a person does with it.</summary>
[Trait("Category", "E2E")]
public sealed class MainJobTests(SharedInstallation shared) : IClassFixture<SharedInstallation>
{
    private const string Web = "http://" + UemInstallation.WebAddress;

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Curl_OfAPage_BringsTheServersBytes()
    {
        var uem = await shared.GetAsync();
        var page = await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", Web + "/");
        Assert.Equal(WebServer.Page.TrimEnd(), page.TrimEnd());
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Curl_Of100Megabytes_HasTheServersHash()
    {
        const long count = 100_000_000;
        var uem = await shared.GetAsync();
        Assert.Equal(SampleBytes.Sha256(count), await uem.DownloadAsync(count, TimeSpan.FromMinutes(3)));
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Curl_AHundredAtOnce_AllArriveIntact()
    {
        const long count = 200_000;
        var uem = await shared.GetAsync();
        var expected = SampleBytes.Sha256(count);
        var downloads = Enumerable.Range(0, 100).Select(_ => uem.DownloadAsync(count, TimeSpan.FromMinutes(2))).ToArray();
        Assert.All(await Task.WhenAll(downloads), hash => Assert.Equal(expected, hash));
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "ping")]
    public async Task Ping_ThroughTheTunnel_LosesNothing()
    {
        var uem = await shared.GetAsync();
        var output = await uem.DeviceSide.RunAsync("ping", "-c", "20", "-i", "0.05", "-W", "5", "-q", UemInstallation.WebAddress);
        Assert.Contains("20 received, 0% packet loss", output, StringComparison.Ordinal);
    }

    /// <summary>The largest packet that the TUN's MTU allows arrives whole; one byte more is refused by the device's own kernel.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "ping")]
    public async Task Ping_OfMtuSize_PassesUnfragmented()
    {
        const int mtu = TunnelLimits.MtuBytesDefault;
        const int headers = 20 + 8;
        var uem = await shared.GetAsync();
        var fits = (mtu - headers).ToString(CultureInfo.InvariantCulture);
        var tooLong = (mtu - headers + 1).ToString(CultureInfo.InvariantCulture);
        await uem.DeviceSide.RunAsync("ping", "-c", "2", "-i", "0.1", "-W", "5", "-M", "do", "-s", fits, UemInstallation.WebAddress);
        var refused = await uem.DeviceSide.TryRunAsync("ping", "-c", "1", "-W", "1", "-M", "do", "-s", tooLong, UemInstallation.WebAddress);
        Assert.NotEqual(0, refused.ExitCode);
    }

    [RequiresTheory(Requirement.Tun | Requirement.Nftables, "iperf3")]
    [InlineData("")]
    [InlineData("-R")]
    public async Task Iperf_Tcp_CarriesData(string direction)
    {
        var uem = await shared.GetAsync();
        using var report = await uem.IperfAsync(direction.Length == 0 ? ["-t", "3"] : ["-t", "3", direction]);
        Assert.True(report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bytes").GetDouble() > 1_000_000);
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "iperf3")]
    public async Task Iperf_UdpBelowCapacity_LosesLittle()
    {
        var uem = await shared.GetAsync();
        using var report = await uem.IperfAsync(["-t", "3", "-u", "-b", "10M", "-l", "1200"]);
        Assert.InRange(report.RootElement.GetProperty("end").GetProperty("sum").GetProperty("lost_percent").GetDouble(), 0, 1);
    }

    /// <summary>The policy names 10.1.0.0/24; the node's own outer address is not in it.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl", "ip")]
    public async Task Destination_OutsideThePolicy_IsRefused()
    {
        var uem = await shared.GetAsync();
        await uem.DeviceSide.RunAsync("ip", "route", "replace", "203.0.113.0/24", "dev", "uem0");
        var refused = await uem.DeviceSide.TryRunAsync("curl", "-sS", "--max-time", "3", "http://203.0.113.2/");
        await uem.DeviceSide.RunAsync("ip", "route", "del", "203.0.113.0/24", "dev", "uem0");
        Assert.NotEqual(0, refused.ExitCode);
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Admin_SeesTheSessionsAndTheTunnel()
    {
        var uem = await shared.GetAsync();
        Assert.Contains(UemInstallation.DeviceName, await uem.AdminAsync("devices"), StringComparison.Ordinal);
        Assert.Contains("node-1", await uem.AdminAsync("nodes"), StringComparison.Ordinal);
        Assert.Contains(UemInstallation.DeviceName, await uem.AdminAsync("tunnels"), StringComparison.Ordinal);
        Assert.Contains("edge-1", await uem.AdminAsync("edges"), StringComparison.Ordinal);
    }
}
