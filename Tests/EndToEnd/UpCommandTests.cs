using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The relay as one process, <c>uem up</c>: it sets itself up, carries the page, stops on Ctrl-C and starts again on what it stored.</summary>
[Trait("Category", "E2E")]
public sealed class UpCommandTests
{
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Up_FromNothing_CarriesThePageAndStartsAgain()
    {
        await using var uem = await UemInstallation.StartAsync(hasOneRelayProcess: true);
        await AssertPageAsync(uem);
        Assert.Contains(UemInstallation.DeviceName, await uem.AdminAsync("devices"), StringComparison.Ordinal);

        uem.Edge.Interrupt();
        Assert.Equal(0, await uem.Edge.WaitForExitAsync("relay drains"));
        await uem.StartUpAsync();
        await uem.WaitForTunnelAsync(2);
        await AssertPageAsync(uem);
    }

    private static async Task AssertPageAsync(UemInstallation uem)
    {
        var page = await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", "http://" + UemInstallation.WebAddress + "/");
        Assert.Equal(WebServer.Page.TrimEnd(), page.TrimEnd());
    }
}
