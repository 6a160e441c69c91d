using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A tunnel's life over several leases, between real processes, with the shortest times that a silo takes.</summary>
[Trait("Category", "E2E")]
public sealed class LeaseTests
{
    private const string Page = "http://" + UemInstallation.WebAddress + "/";

    /// <summary>Thirty seconds of traffic are three lives of a lease: it is renewed without a packet lost, and volumes reach the silo.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "ping")]
    public async Task Lease_WithTraffic_IsRenewedWithoutAGap()
    {
        await using var uem = await UemInstallation.StartAsync(siloArguments: ["--lease-seconds", "10"]);
        var result = await ProcessUnderTest.RunAsync(
            uem.DeviceSide, "ping over three leases", TimeSpan.FromSeconds(90), "ping", "-c", "300", "-i", "0.1", "-W", "5", "-q", UemInstallation.WebAddress);
        Assert.Contains("300 received, 0% packet loss", result.EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.DoesNotContain(uem.Device.Lines, line => line.Text.StartsWith("tunnelclosed", StringComparison.Ordinal));

        // TENANT DEVICE TUNNEL STATE NODE PATH BYTES-UP BYTES-DOWN ...
        var row = (await uem.AdminAsync("tunnels")).Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["1", "open", "node-1"], row[2..5]);
        Assert.True(long.Parse(row[6], System.Globalization.CultureInfo.InvariantCulture) > 0, "volumes come with the renewals");
    }

    /// <summary>Without traffic the tunnel is closed and nothing runs for it; the next packet opens it.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Tunnel_WithoutTraffic_SleepsUntilTheNextPacket()
    {
        await using var uem = await UemInstallation.StartAsync(siloArguments: ["--idle-seconds", "10"]);
        await uem.Device.WaitForLineAsync("the tunnel sleeps", line => line.StartsWith("asleep ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var page = await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", Page);
        Assert.Equal(WebServer.Page.TrimEnd(), page.TrimEnd());
        await uem.WaitForTunnelAsync(2);
    }

    /// <summary>An edge without a silo forwards to the end of the leases and no longer; with the silo back the device opens again.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task SiloGoneForLongerThanALease_ForwardingStopsAndComesBack()
    {
        await using var uem = await UemInstallation.StartAsync(siloArguments: ["--lease-seconds", "10"]);
        uem.Silo.Kill();
        await uem.Silo.WaitForExitAsync("silo killed");
        await uem.Device.WaitForLineAsync("the lease ends", line => line.Contains("LeaseExpired", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var cutOff = await uem.DeviceSide.TryRunAsync("curl", "-sS", "--max-time", "2", Page);
        Assert.NotEqual(0, cutOff.ExitCode);
        await uem.StartSiloAsync();
        await uem.WaitForTunnelAsync(2);
        var page = await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", Page);
        Assert.Equal(WebServer.Page.TrimEnd(), page.TrimEnd());
    }
}
