using System.Text.Json;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary><c>uem device status</c> and <c>down</c> of <c>up</c> and <c>run</c>, of one that was killed, and by somebody else.</summary>
[Trait("Category", "E2E")]
public sealed class DeviceStatusTests(DeviceInstallation shared) : IClassFixture<DeviceInstallation>
{
    private const Requirement Needs = Requirement.Tun | Requirement.Nftables;

    [RequiresFact(Needs, "dnsmasq", "ping", "setpriv")]
    public async Task Up_IsShownAndEnded()
    {
        var uem = await shared.GetAsync();
        await using var device = await StartAsync(uem, "up", "--dns", "off");
        await uem.DeviceSide.RunAsync("ping", "-c", "3", "-i", "0.05", UemInstallation.WebAddress);

        var status = await UemAsync(uem, "status", "--json");
        var report = JsonDocument.Parse(status.EnsureSuccess().Output).RootElement;
        Assert.Equal("up", report.GetProperty("state").GetString());
        Assert.Equal("up", report.GetProperty("mode").GetString());
        Assert.Equal(UemInstallation.DeviceName, report.GetProperty("device").GetString());
        Assert.Equal("198.51.100.1:443", report.GetProperty("relay").GetString());
        Assert.Equal("edge-1", report.GetProperty("edge").GetString());
        Assert.Equal("10.1.0.0/24", report.GetProperty("routes")[0].GetString());
        Assert.Equal("node-1", report.GetProperty("node").GetString());
        Assert.True(report.GetProperty("packetsSent").GetInt64() >= 3);
        Assert.True(report.GetProperty("packetsReceived").GetInt64() >= 3);
        Assert.True(report.GetProperty("certificateExpires").GetDateTimeOffset() > report.GetProperty("since").GetDateTimeOffset());
        Assert.Equal("none", report.GetProperty("dns").GetProperty("by").GetString());
        var text = (await UemAsync(uem, "status")).EnsureSuccess().Output;
        Assert.StartsWith("up since ", text, StringComparison.Ordinal);
        Assert.Contains("--dns off", text, StringComparison.Ordinal);

        // A second one, an app, and another user.
        var second = await UemAsync(uem, "up");
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("in use by another process", second.Errors, StringComparison.Ordinal);
        Assert.Contains("Stop that first: uem device down --state ", second.Errors, StringComparison.Ordinal);
        var app = await UemAsync(uem, "run", "--", "true");
        Assert.Equal(125, app.ExitCode);
        Assert.Contains("takes the whole machine's work traffic", app.Errors, StringComparison.Ordinal);
        var stranger = await uem.DeviceSide.TryRunAsync(
            "setpriv", "--reuid", RequirementCheck.UnprivilegedUser, "--regid", RequirementCheck.UnprivilegedUser, "--clear-groups",
            "dotnet", UemInstallation.ProgramPath, "device", "status", "--state", uem.StateOf("device"));
        Assert.NotEqual(0, stranger.ExitCode);
        Assert.Empty(stranger.Output);

        Assert.Contains("has ended", (await UemAsync(uem, "down")).EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.Equal(0, await device.WaitForExitAsync("the device has ended"));
        Assert.Contains(device.Lines, line => line.Text.StartsWith("stopped", StringComparison.Ordinal));
        Assert.DoesNotContain("uem0", await uem.DeviceSide.RunAsync("ip", "address"), StringComparison.Ordinal);
        Assert.Equal(3, (await UemAsync(uem, "status")).ExitCode);
        Assert.Contains("\"state\": \"down\"", (await UemAsync(uem, "status", "--json")).Output, StringComparison.Ordinal);
        Assert.Contains("No agent was running", (await UemAsync(uem, "down")).EnsureSuccess().Output, StringComparison.Ordinal);
    }

    [RequiresFact(Needs, "dnsmasq")]
    public async Task Killed_IsSaidAndItsSocketTakenAway()
    {
        var uem = await shared.GetAsync();
        await using var device = await StartAsync(uem, "up", "--dns", "off");
        var socket = Path.Combine(uem.StateOf("device"), "control.sock");
        Assert.True(File.Exists(socket));
        device.Kill();
        await device.WaitForExitAsync("the device is dead");

        var status = await UemAsync(uem, "status");
        Assert.Equal(3, status.ExitCode);
        Assert.Contains("killed", status.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(socket));
        Assert.Equal(3, (await UemAsync(uem, "status")).ExitCode);
    }

    [RequiresFact(Needs, "dnsmasq")]
    public async Task LostRelay_IsNotUpAndSaysWhy()
    {
        var uem = await shared.GetAsync();
        await using var device = await StartAsync(uem, "up", "--dns", "off");
        uem.Edge.Kill();
        await uem.Edge.WaitForExitAsync("the edge is dead");
        await device.WaitForLineAsync("the device notices", line => line.StartsWith("detached", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var status = await UemAsync(uem, "status", "--json");
        Assert.Equal(3, status.ExitCode);
        var report = JsonDocument.Parse(status.Output).RootElement;
        Assert.False(report.TryGetProperty("edge", out _));
        Assert.NotEmpty(report.GetProperty("lastEnd").GetProperty("reason").GetString()!);
        Assert.Contains("tached", report.GetProperty("lastEnd").GetProperty("text").GetString(), StringComparison.OrdinalIgnoreCase);

        await uem.StartEdgeAsync();
        (await UemAsync(uem, "down")).EnsureSuccess();
        await device.WaitForExitAsync("the device has ended");
    }

    [RequiresFact(Needs | Requirement.UserNamespaces, "dnsmasq")]
    public async Task Run_IsShownAndEndedWithItsCommand()
    {
        var uem = await shared.GetAsync();
        await using var app = Start(uem, "run", "--", "sh", "-c", "echo inside; exec sleep 60");
        await app.WaitForLineAsync("the command runs", line => line == "inside", TimeSpan.FromSeconds(60));
        var report = JsonDocument.Parse((await UemAsync(uem, "status", "--json")).EnsureSuccess().Output).RootElement;
        Assert.Equal("run", report.GetProperty("mode").GetString());
        Assert.Equal("app", report.GetProperty("dns").GetProperty("by").GetString());
        Assert.Equal("corp.example", report.GetProperty("dns").GetProperty("domains")[0].GetString());
        Assert.Contains("For several commands at a time: uem device up --apps", (await UemAsync(uem, "run", "--", "true")).Errors, StringComparison.Ordinal);
        (await UemAsync(uem, "down")).EnsureSuccess();
        Assert.Equal(128 + 15, await app.WaitForExitAsync("the command has ended"));
    }

    private static Task<CommandResult> UemAsync(UemInstallation uem, string command, params string[] more) =>
        UemInstallation.TryUemAsync(uem.DeviceSide, ["device", command, "--state", uem.StateOf("device"), .. more]);

    private static ProcessUnderTest Start(UemInstallation uem, string command, params string[] more) =>
        uem.DeviceSide.Start("dotnet", [UemInstallation.ProgramPath, "device", command, "--state", uem.StateOf("device"), .. more]);

    private static async Task<ProcessUnderTest> StartAsync(UemInstallation uem, string command, params string[] more)
    {
        var device = Start(uem, command, more);
        await device.WaitForLineAsync("the tunnel is up", line => line.StartsWith("up ", StringComparison.Ordinal), TimeSpan.FromSeconds(90));
        return device;
    }
}
