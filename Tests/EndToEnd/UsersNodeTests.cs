using System.Globalization;
using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The main job with a node that an ordinary user runs: no TUN, no NAT of the kernel, no right to either.</summary>
[Trait("Category", "E2E")]
public sealed class UsersNodeTests(UsersNodeInstallation shared) : IClassFixture<UsersNodeInstallation>
{
    private const Requirement Needs = Requirement.Tun | Requirement.UserNamespaces | Requirement.Slirp;
    private const string Web = "http://" + UemInstallation.WebAddress;

    [RequiresFact(Needs, "ip", "dnsmasq", "curl")]
    public async Task Node_OfAUser_HasNoRightAndNoInterface()
    {
        var (uem, _) = await shared.GetAsync();
        var line = await uem.Node.WaitForLineAsync("the way out", line => line.Contains("user-mode NAT", StringComparison.Ordinal));
        Assert.Contains("has no CAP_NET_ADMIN", line, StringComparison.Ordinal);
        var status = await File.ReadAllLinesAsync($"/proc/{uem.Node.ProcessId}/status");
        Assert.Contains($"Uid:\t{RequirementCheck.UnprivilegedUser}", Assert.Single(status, l => l.StartsWith("Uid:", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(new string('0', 16), Assert.Single(status, l => l.StartsWith("CapEff:", StringComparison.Ordinal))[7..].Trim());
        var links = (await uem.NodeSide.RunAsync("ip", "-oneline", "link", "show")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(links, link => Assert.Matches(@"^\d+: (lo|wan0@.*|lan0@.*):", link));
        Assert.Equal("0", uem.NodeSide.ReadSetting("ipv4/ip_forward"));
    }

    [RequiresFact(Needs, "dnsmasq", "curl")]
    public async Task Devices_TwoAtOnce_BothGetTheServersBytes()
    {
        const long count = 20_000_000;
        var (uem, user) = await shared.GetAsync();
        var url = string.Create(CultureInfo.InvariantCulture, $"{Web}/bytes/{count}");
        var downloads = new[]
        {
            uem.DownloadAsync(count, TimeSpan.FromMinutes(2)),
            HashAsync(user.RunAsync("bash", "-o", "pipefail", "-c", $"curl -sS --max-time 80 {url} | sha256sum")),
        };
        Assert.All(await Task.WhenAll(downloads), hash => Assert.Equal(SampleBytes.Sha256(count), hash));
        Assert.Equal(WebServer.Page.TrimEnd(), (await user.RunAsync("curl", "-sS", "--max-time", "20", "http://web/")).EnsureSuccess().Output.TrimEnd());
    }

    [RequiresFact(Needs, "dnsmasq", "curl")]
    public async Task Connections_AHundredAtOnce_AllArriveIntact()
    {
        const long count = 200_000;
        var (uem, _) = await shared.GetAsync();
        var downloads = Enumerable.Range(0, 100).Select(_ => uem.DownloadAsync(count, TimeSpan.FromMinutes(2))).ToArray();
        Assert.All(await Task.WhenAll(downloads), hash => Assert.Equal(SampleBytes.Sha256(count), hash));
    }

    [RequiresFact(Needs, "dnsmasq")]
    public async Task Names_AskedOfTheServersHandedOut_AreResolved()
    {
        var (_, user) = await shared.GetAsync();
        var result = await user.RunAsync("getent", "hosts", AppInstallation.WebName);
        Assert.StartsWith(UemInstallation.WebAddress, result.EnsureSuccess().Output, StringComparison.Ordinal);
    }

    [RequiresFact(Needs, "dnsmasq", "ping")]
    public async Task Ping_OfServerAndNode_IsAnswered()
    {
        var (uem, _) = await shared.GetAsync();
        foreach (var address in new[] { UemInstallation.WebAddress, "10.64.0.1" })
        {
            var output = await uem.DeviceSide.RunAsync("ping", "-c", "10", "-i", "0.05", "-W", "5", "-q", address);
            Assert.Contains("10 received, 0% packet loss", output, StringComparison.Ordinal);
        }
    }

    [RequiresTheory(Needs, "dnsmasq", "iperf3")]
    [InlineData("-t", "2")]
    [InlineData("-t", "2", "-R")]
    public async Task Iperf_Tcp_CarriesData(params string[] options)
    {
        var (uem, _) = await shared.GetAsync();
        using var report = await uem.IperfAsync(options);
        Assert.True(report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bytes").GetDouble() > 1_000_000);
    }

    [RequiresFact(Needs, "dnsmasq", "iperf3")]
    public async Task Iperf_UdpBelowCapacity_LosesLittle()
    {
        var (uem, _) = await shared.GetAsync();
        using var report = await uem.IperfAsync(["-t", "2", "-u", "-b", "10M", "-l", "1200"]);
        Assert.InRange(report.RootElement.GetProperty("end").GetProperty("sum").GetProperty("lost_percent").GetDouble(), 0, 1);
    }

    [RequiresFact(Needs, "dnsmasq", "curl")]
    public async Task Node_KilledAndStartedAgain_ServesTheSameDevice()
    {
        const long count = 1_000_000;
        var (uem, _) = await shared.GetAsync();
        uem.Node.Kill();
        await uem.Node.WaitForExitAsync("the node is dead");
        await uem.StartNodeAsync();
        await uem.WaitForTunnelAsync(2);
        Assert.Equal(SampleBytes.Sha256(count), await uem.DownloadAsync(count, TimeSpan.FromMinutes(1)));
    }

    /// <summary>What listens on the node's loopback only is reached by nobody; what listens on an address that the policy names is.</summary>
    [RequiresFact(Needs, "dnsmasq", "curl", "ip")]
    public async Task Services_OfTheNodesMachine_OnLoopback_AreNotReached()
    {
        var (uem, _) = await shared.GetAsync();
        await using var local = uem.NodeSide.Start("dotnet", UemInstallation.ProgramPath, "load", "web", "--listen", "127.0.0.1:8080");
        await local.WaitForLineAsync("the local service", line => line.Contains("ready", StringComparison.Ordinal));
        await using var open = uem.NodeSide.Start("dotnet", UemInstallation.ProgramPath, "load", "web", "--listen", "10.1.0.1:8081");
        await open.WaitForLineAsync("the open service", line => line.Contains("ready", StringComparison.Ordinal));
        Assert.Contains("Intranet", await uem.NodeSide.RunAsync("curl", "-sS", "http://127.0.0.1:8080/"), StringComparison.Ordinal);
        Assert.Contains("Intranet", await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", "http://10.1.0.1:8081/"), StringComparison.Ordinal);

        // The node's address and one of its machine's are routed into the tunnel already; the rest is what libslirp gives a meaning elsewhere.
        string[] elsewhere = ["10.64.2.2/32", "10.64.2.3/32", "203.0.113.2/32"];
        foreach (var address in elsewhere)
        {
            await uem.DeviceSide.RunAsync("ip", "route", "add", address, "dev", "uem0");
        }

        foreach (var address in elsewhere.Select(route => route[..^3]).Concat(["10.64.0.1", "10.1.0.1"]))
        {
            var refused = await uem.DeviceSide.TryRunAsync("curl", "-sS", "--max-time", "3", $"http://{address}:8080/");
            Assert.NotEqual(0, refused.ExitCode);
        }
    }

    private static async Task<string> HashAsync(Task<CommandResult> running) => (await running).EnsureSuccess().Output.Split(' ')[0];
}
