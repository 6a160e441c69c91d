using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>An app of <c>uem device run</c>, with a tunnel of its own or in that of <c>uem device up --apps</c>, while its tunnel is down, its edge dead, its agent killed: nothing of it leaves by another way.</summary>
[Trait("Category", "E2E")]
public sealed class AppLeakTests
{
    private const string Elsewhere = "192.0.2.80";

    // Each round says how the fetch ended and what a name, the relay's own host and an address of the internet gave. Goes on until its file is gone.
    private const string Rounds = """
        n=0
        export RES_OPTIONS='timeout:1 attempts:1'
        while [ -e "$0" ]; do
          n=$((n + 1))
          curl -s -o /dev/null --max-time 1 http://10.1.0.10/ && page=ok || page=none
          getent hosts www.example >/dev/null && name=ok || name=none
          curl -s -o /dev/null --max-time 1 http://198.51.100.1/ ; relay=$?
          curl -s -o /dev/null --max-time 1 http://192.0.2.80/ ; internet=$?
          echo "round $n page=$page name=$name relay=$relay internet=$internet"
        done
        """;

    [RequiresTheory(Requirement.Tun | Requirement.Nftables | Requirement.UserNamespaces, "curl", "dnsmasq", "tcpdump")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task App_WithoutTunnel_SendsNothing(bool isOfASet)
    {
        await using var uem = await AppInstallation.StartAsync();
        await uem.DeviceSide.AddRouteAsync("default", "198.51.100.1");
        var device = await AppDevice.EnrolAsync(uem, isUser: true);
        var capture = uem.StartProgram(
            uem.DeviceSide, "tcpdump", "-i", "wan0", "-n", "-l", "-U", "ip and not (host 198.51.100.1 and (port 443 or icmp[icmptype] == icmp-unreach))");
        await capture.WaitForLineAsync("the capture runs", line => line.Contains("listening on", StringComparison.Ordinal));
        var goesOn = Path.Combine(uem.StateOf(device.Name), "goes-on");
        await File.WriteAllTextAsync(goesOn, "");
        await using var set = isOfASet ? await device.StartSetAsync("sh") : null;
        await using var app = device.Start("sh", "-c", Rounds, goesOn);
        await WaitForRoundsAsync(app, "page=ok", 1);

        uem.Edge.Kill();
        await uem.Edge.WaitForExitAsync("the edge is dead");
        await WaitForRoundsAsync(app, "page=none name=none relay=7 internet=7", 3);
        if (set is not null)
        {
            await set.WaitForLineAsync("the agent notices", line => line.StartsWith("detached", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
            var late = await device.UemAsync("device", "run", "--state", device.State, "--wait", "1", "--", "sh", "-c", "echo started");
            Assert.Equal((125, ""), (late.ExitCode, late.Output));
            Assert.Contains("There is no tunnel after 1 s, so the command was not started. ", late.Errors, StringComparison.Ordinal);
        }

        await uem.StartEdgeAsync();
        await WaitForRoundsAsync(app, "page=ok", 1);

        // The agent is killed: what still runs inside has lost its TUN and has no other way.
        (set ?? app).Kill();
        await WaitForRoundsAsync(app, "page=none name=none relay=7 internet=7", 3);
        if (set is not null)
        {
            // The next one has a network of its own, and brings none to the app that lost its.
            await using var next = await device.StartSetAsync("sh");
            Assert.Contains("Intranet", (await device.RunAsync("sh", "-c", "curl -sS --max-time 20 http://web/")).EnsureSuccess().Output, StringComparison.Ordinal);
            await WaitForRoundsAsync(app, "page=none name=none relay=7 internet=7", 1);
            (await device.UemAsync("device", "down", "--state", device.State)).EnsureSuccess();
            Assert.Equal(0, await next.WaitForExitAsync("the next agent ends"));
        }

        File.Delete(goesOn);
        await app.WaitForExitAsync("the app that outlived its agent ends");

        // What the machine itself sends shows that the capture would have seen it.
        Assert.Empty(Captured(capture));
        _ = await uem.DeviceSide.TryRunAsync("curl", "-s", "--max-time", "1", $"http://{Elsewhere}/");
        await capture.WaitForLineAsync("the capture sees", line => line.Contains($"> {Elsewhere}.80", StringComparison.Ordinal));
        capture.Interrupt();
        await capture.WaitForExitAsync("the capture ends");
        Assert.All(Captured(capture), line => Assert.Contains(Elsewhere, line, StringComparison.Ordinal));
    }

    private static List<string> Captured(ProcessUnderTest capture) =>
        [.. capture.Lines.Where(line => !line.IsError && line.Text.Length > 0).Select(line => line.Text)];

    private static async Task WaitForRoundsAsync(ProcessUnderTest app, string text, int count)
    {
        // Only rounds that begin from here on.
        var skip = app.Lines.Count + 1;
        var seen = 0;
        await app.WaitForLineAsync(
            $"{count} rounds with {text}", line => skip-- <= 0 && line.Contains(text, StringComparison.Ordinal) && ++seen == count, TimeSpan.FromSeconds(90));
    }
}
