using System.Text.Json;
using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A tunnel for a named set of apps: <c>uem device up --apps</c>, by root and by a user without any right. Without a tunnel: <see cref="AppLeakTests"/>.</summary>
[Trait("Category", "E2E")]
public sealed class AppSetTests(AppInstallation shared) : IClassFixture<AppInstallation>
{
    private const Requirement Needs = Requirement.Tun | Requirement.Nftables | Requirement.UserNamespaces;

    // Saves something when it is asked to end, as an editor would: a page fetched then shows that the tunnel is still there.
    private const string Saves = """
        trap 'curl -sS --max-time 5 http://web/ && echo saved; exit 7' TERM
        echo inside
        sleep 120 & wait
        """;

    [RequiresTheory(Needs, "curl", "dnsmasq")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Apps_OfTheSet_ShareATunnelThatNobodyElseHas(bool isUser)
    {
        var uem = await shared.GetAsync();
        var device = await shared.GetDeviceAsync(isUser);
        var resolverFile = await uem.DeviceSide.RunAsync("cat", "/etc/resolv.conf");
        await using var agent = await device.StartSetAsync("sh,curl");
        await using var first = device.Start("sh", "-c", Saves);
        await first.WaitForLineAsync("the first app runs", line => line == "inside", TimeSpan.FromSeconds(60));
        var second = await device.RunAsync("curl", "-sS", "--max-time", "20", "http://web/");
        Assert.Equal(WebServer.Page.TrimEnd(), second.EnsureSuccess().Output.TrimEnd());
        Assert.Empty(second.Errors);

        // An app that starts another the same way: it is inside already.
        var nested = await device.RunAsync("sh", "-c", $"dotnet {UemInstallation.ProgramPath} device run --state {device.State} -- curl -sS --max-time 20 http://web/");
        Assert.Equal(second.Output, nested.EnsureSuccess().Output);

        // The machine itself, and a program that was not named.
        Assert.NotEqual(0, (await uem.DeviceSide.TryRunAsync("curl", "-sS", "--max-time", "2", $"http://{UemInstallation.WebAddress}/")).ExitCode);
        Assert.DoesNotContain("uem0", await uem.DeviceSide.RunAsync("ip", "address"), StringComparison.Ordinal);
        Assert.Equal(resolverFile, await uem.DeviceSide.RunAsync("cat", "/etc/resolv.conf"));
        AssertNotStarted(await device.RunAsync("env", "echo", "started"), "env is none of the apps of the running uem device up --apps: ");
        AssertNotStarted(await device.UemAsync("device", "run", "--no-udp", "--state", device.State, "--", "sh", "-c", "echo started"), "--no-udp belongs to the running agent");
        Assert.Contains("in use by another process", (await device.UemAsync("device", "up", "--apps", "sh", "--state", device.State)).Errors, StringComparison.Ordinal);

        await AssertStatusAsync(device);
        var down = (await device.UemAsync("device", "down", "--state", device.State)).EnsureSuccess();
        Assert.Contains("has ended", down.Output, StringComparison.Ordinal);
        Assert.Equal(7, await first.WaitForExitAsync("the app has ended"));
        Assert.Contains(first.Lines, line => line.Text == "saved");
        Assert.Equal(0, await agent.WaitForExitAsync("the agent has ended"));

        // One tunnel for all of it, and nothing is left.
        Assert.Single(agent.Lines, line => line.Text.StartsWith("up ", StringComparison.Ordinal));
        Assert.Equal(4, agent.Lines.Count(line => line.Text.StartsWith("appleft", StringComparison.Ordinal)));
        Assert.False(File.Exists(Path.Combine(device.State, "control.sock")));
        Assert.Equal(3, (await device.UemAsync("device", "status", "--state", device.State)).ExitCode);
    }

    [RequiresFact(Needs, "dnsmasq", "setpriv")]
    public async Task Stranger_EvenRoot_GetsNoWayIn()
    {
        var uem = await shared.GetAsync();
        var device = await shared.GetDeviceAsync(isUser: true);
        await using var agent = await device.StartSetAsync("sh");
        string[] words = ["dotnet", UemInstallation.ProgramPath, "device", "run", "--state", device.State, "--", "sh", "-c", "echo started"];
        AssertNotStarted(await uem.DeviceSide.TryRunAsync(words[0], words[1..]), "The tunnel belongs to another user");
        AssertNotStarted(await uem.DeviceSide.TryRunAsync("setpriv", ["--reuid", "12346", "--regid", "12346", "--clear-groups", .. words]), "Run the command as the directory's owner.");
        agent.Interrupt();
        Assert.Equal(0, await agent.WaitForExitAsync("the agent has ended"));
    }

    /// <summary>A stick or a home directory that comes later, on a machine that shares its mounts, as systemd makes it.</summary>
    [RequiresFact(Needs, "dnsmasq", "unshare", "mount")]
    public async Task Mount_MadeAfterTheStart_IsSeenByApps()
    {
        var uem = await shared.GetAsync();
        var device = await shared.GetDeviceAsync(isUser: false);
        var late = Directory.CreateDirectory(Path.Combine(uem.StateOf(device.Name), "late")).FullName;
        var lines = $"""
            uem() ( dotnet {UemInstallation.ProgramPath} device "$@" --state {device.State} )
            uem up --apps sh >{late}.log &
            until grep -q '^up ' {late}.log; do sleep 0.1; done
            mount -t tmpfs none {late} && echo seen >{late}/file
            dotnet {UemInstallation.ProgramPath} device run --state {device.State} -- sh -c 'cat {late}/file'
            uem down && wait
            """;
        var result = await ProcessUnderTest.RunAsync(
            uem.DeviceSide, "mounts", TimeSpan.FromSeconds(90), "unshare", "--mount", "--propagation", "shared", "sh", "-c", lines);
        Assert.StartsWith("seen\n", result.EnsureSuccess().Output, StringComparison.Ordinal);
    }

    private static async Task AssertStatusAsync(AppDevice device)
    {
        var report = JsonDocument.Parse((await device.UemAsync("device", "status", "--json", "--state", device.State)).EnsureSuccess().Output).RootElement;
        Assert.Equal(("up", "up --apps"), (report.GetProperty("state").GetString(), report.GetProperty("mode").GetString()));
        Assert.Equal("app", report.GetProperty("dns").GetProperty("by").GetString());
        Assert.Equal(2, report.GetProperty("apps").GetProperty("programs").GetArrayLength());
        var running = Assert.Single(report.GetProperty("apps").GetProperty("running").EnumerateArray());
        Assert.EndsWith("/sh", running.GetProperty("program").GetString(), StringComparison.Ordinal);
        var text = (await device.UemAsync("device", "status", "--state", device.State)).EnsureSuccess().Output;
        Assert.Contains("curl: 1 running\n", text, StringComparison.Ordinal);
        Assert.Contains($"/sh, process {running.GetProperty("processId").GetInt32()}, since ", text, StringComparison.Ordinal);
    }

    private static void AssertNotStarted(CommandResult result, string why)
    {
        Assert.Equal((125, ""), (result.ExitCode, result.Output));
        Assert.Contains(why, result.Errors, StringComparison.Ordinal);
    }
}
