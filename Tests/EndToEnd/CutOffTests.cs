using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A device is cut off by its organisation and by the relay's operator: it says why, and comes back when it is let in again.</summary>
[Trait("Category", "E2E")]
public sealed class CutOffTests
{
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Revoke_OfAnOpenTunnel_EndsItUntilANewActivation()
    {
        await using var uem = await UemInstallation.StartAsync();
        await UemInstallation.UemAsync(uem.NodeSide, "node", "revoke", UemInstallation.DeviceName, "--state", uem.StateOf("node"));
        await uem.Device.WaitForLineAsync("the device says why", line => line.Contains("has revoked", StringComparison.Ordinal));

        // It ends by itself when the node's farewell comes before the relay's word, and asks again and again otherwise.
        uem.Device.Kill();
        await uem.Device.WaitForExitAsync("the device ends");
        Directory.Delete(uem.StateOf("device"), recursive: true);
        await uem.EnrolDeviceAsync();
        await uem.StartDeviceAsync();
        await AssertPageAsync(uem);
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Cut_EndBlockAllow_ComesBackAsFarAsTheActionLets()
    {
        await using var uem = await UemInstallation.StartAsync();
        await uem.AdminAsync("cut", "--device", UemInstallation.DeviceName, "--action", "end");
        await uem.WaitForTunnelAsync(2);

        await uem.AdminAsync("cut", "--device", UemInstallation.DeviceName, "--action", "block");
        await uem.Device.WaitForLineAsync("the device says why", line => line.Contains("has cut this device", StringComparison.Ordinal));
        Assert.Equal(1, await uem.Device.WaitForExitAsync("the device gives up"));
        var refused = await UemInstallation.TryUemAsync(uem.DeviceSide, "device", "up", "--state", uem.StateOf("device"));
        Assert.Equal(1, refused.ExitCode);

        await uem.AdminAsync("cut", "--device", UemInstallation.DeviceName, "--action", "allow");
        await uem.StartDeviceAsync();
        await AssertPageAsync(uem);
    }

    private static async Task AssertPageAsync(UemInstallation uem)
    {
        var page = await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", "http://" + UemInstallation.WebAddress + "/");
        Assert.Equal(WebServer.Page.TrimEnd(), page.TrimEnd());
    }
}
