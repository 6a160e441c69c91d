using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Every process is killed in turn, as kill -9 does; each comes back by itself once it is started again.</summary>
[Trait("Category", "E2E")]
public sealed class RecoveryTests
{
    private const string Page = "http://" + UemInstallation.WebAddress + "/";

    /// <summary>The silo decides and is not needed to forward: not a packet is lost by its death; after its restart a cut reaches the device.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl", "ping")]
    public async Task SiloKilled_PacketsGoOnAndControlRecovers()
    {
        await using var uem = await UemInstallation.StartAsync();
        await using var ping = uem.DeviceSide.Start("ping", "-c", "60", "-i", "0.1", "-W", "5", UemInstallation.WebAddress);
        await ping.WaitForLineAsync("ping runs", line => line.Contains("icmp_seq=5 ", StringComparison.Ordinal));
        await KillAsync(uem.Silo);
        await ping.WaitForLineAsync("ping goes on without a silo", line => line.Contains("icmp_seq=30 ", StringComparison.Ordinal));
        await uem.StartSiloAsync();
        await ping.WaitForExitAsync("ping ends");
        Assert.Contains(ping.Lines, line => line.Text.Contains("60 received, 0% packet loss", StringComparison.Ordinal));

        await WaitForLinkAsync(uem, 2);
        Assert.Contains(UemInstallation.DeviceName, await uem.AdminAsync("devices"), StringComparison.Ordinal);
        await uem.AdminAsync("cut", "--device", UemInstallation.DeviceName);
        await uem.Device.WaitForLineAsync("the device hears of the cut", line => line.Contains("has cut this device", StringComparison.Ordinal));
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task EdgeKilled_DeviceAndNodeComeBack()
    {
        await using var uem = await UemInstallation.StartAsync();
        await KillAsync(uem.Edge);
        await uem.StartEdgeAsync();
        await uem.WaitForTunnelAsync(2);
        await AssertPageAsync(uem);
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task NodeKilled_TunnelIsOpenedAgain()
    {
        await using var uem = await UemInstallation.StartAsync();
        await KillAsync(uem.Node);
        await uem.StartNodeAsync();
        await uem.WaitForTunnelAsync(2);
        await AssertPageAsync(uem);
    }

    /// <summary>A download that is under way when the edge dies goes on: the device keeps its address, so TCP repeats what was lost.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task EdgeKilledDuringADownload_TheDownloadFinishes()
    {
        await using var uem = await UemInstallation.StartAsync();
        await using var download = await PacedDownload.StartAsync(uem, 30_000_000);
        await KillAsync(uem.Edge);
        await uem.StartEdgeAsync();
        await download.AssertWholeAsync();
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl", "ip")]
    public async Task DeviceKilled_StartsAgainWithItsAddress()
    {
        await using var uem = await UemInstallation.StartAsync();
        await KillAsync(uem.Device);
        Assert.DoesNotContain("uem0", await uem.DeviceSide.RunAsync("ip", "link"), StringComparison.Ordinal);
        await uem.StartDeviceAsync();
        Assert.Contains(UemInstallation.DeviceAddress, await uem.DeviceSide.RunAsync("ip", "address"), StringComparison.Ordinal);
        await AssertPageAsync(uem);
    }

    /// <summary>A second process with the same certificate is the same device: it takes over, and there is one tunnel.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task SecondOpenOfADevice_ReplacesTheFirst()
    {
        await using var uem = await UemInstallation.StartAsync();
        var first = uem.Device;
        first.Freeze();
        await using var second = uem.DeviceSide.Start(
            "dotnet", Path.Combine(AppContext.BaseDirectory, "uem.dll"), "device", "up", "--state", CopyState(uem), "--tun", "uem1");
        await second.WaitForLineAsync("second process is up", line => line.StartsWith("up ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var tunnels = await uem.AdminAsync("tunnels");
        Assert.Single(tunnels.Split('\n'), line => line.Contains(UemInstallation.DeviceName, StringComparison.Ordinal));
        first.Resume();
        await first.WaitForLineAsync("the first is told", line => line.Contains("Another process attached with the same certificate", StringComparison.Ordinal));
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl", "ip")]
    public async Task CtrlC_OnTheDevice_LeavesNothingBehind()
    {
        await using var uem = await UemInstallation.StartAsync();
        uem.Device.Interrupt();
        Assert.Equal(0, await uem.Device.WaitForExitAsync("device ends"));
        Assert.DoesNotContain("uem0", await uem.DeviceSide.RunAsync("ip", "link"), StringComparison.Ordinal);
        Assert.DoesNotContain("10.1.0.0", await uem.DeviceSide.RunAsync("ip", "route"), StringComparison.Ordinal);
        uem.Node.Interrupt();
        Assert.Equal(0, await uem.Node.WaitForExitAsync("node ends"));
        Assert.DoesNotContain("uem", await uem.NodeSide.RunAsync("nft", "list", "tables"), StringComparison.Ordinal);
    }

    private static string CopyState(UemInstallation uem)
    {
        var copy = uem.StateOf("device-copy");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.EnumerateFiles(uem.StateOf("device")).Where(file => Path.GetFileName(file) is not ("lock" or "control.sock")))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    private static async Task KillAsync(ProcessUnderTest process)
    {
        process.Kill();
        await process.WaitForExitAsync("killed");
    }

    private static async Task WaitForLinkAsync(UemInstallation uem, int occurrence)
    {
        var seen = 0;
        await uem.Edge.WaitForLineAsync(
            "the edge links to the silo again", line => line.Contains("Linked to silo-1", StringComparison.Ordinal) && ++seen == occurrence);
    }

    private static async Task AssertPageAsync(UemInstallation uem)
    {
        var page = await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", "--retry", "3", "--retry-connrefused", Page);
        Assert.Equal(WebServer.Page.TrimEnd(), page.TrimEnd());
    }
}
