using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Per-app VPN: <c>uem device run</c>, by root and by a user without any right.</summary>
[Trait("Category", "E2E")]
public sealed class AppRunTests(AppInstallation shared) : IClassFixture<AppInstallation>
{
    private const Requirement Needs = Requirement.Tun | Requirement.Nftables | Requirement.UserNamespaces;

    [RequiresTheory(Needs, "curl", "dnsmasq")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Curl_ByNameOfTheSearchDomain_BringsThePageOnStandardOutputAlone(bool isUser)
    {
        var device = await shared.GetDeviceAsync(isUser);
        var result = await device.RunAsync("curl", "-sS", "--max-time", "20", "http://web/");
        Assert.Equal(WebServer.Page.TrimEnd(), result.EnsureSuccess().Output.TrimEnd());
        Assert.Empty(result.Errors);
    }

    [RequiresTheory(Needs, "curl", "dnsmasq")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Network_OfTheCommand_IsTheTunnelAndNobodyElseHasIt(bool isUser)
    {
        var uem = await shared.GetAsync();
        var device = await shared.GetDeviceAsync(isUser);
        await using var app = device.Start("sh", "-c", "echo inside; exec sleep 60");
        await app.WaitForLineAsync("the command runs", line => line == "inside", TimeSpan.FromSeconds(60));

        // Outside: the machine itself is as it was.
        Assert.NotEqual(0, (await uem.DeviceSide.TryRunAsync("curl", "-sS", "--max-time", "2", $"http://{UemInstallation.WebAddress}/")).ExitCode);
        Assert.DoesNotContain("uem0", await uem.DeviceSide.RunAsync("ip", "address"), StringComparison.Ordinal);
        app.Terminate();
        Assert.Equal(128 + 15, await app.WaitForExitAsync("the signal reaches the command"));
        await uem.Node.WaitForLineAsync(
            "the node hears why", line => line.Contains(device.Name, StringComparison.Ordinal) && line.Contains("LastApp", StringComparison.Ordinal));

        // Inside: nothing but loopback and the tunnel, neither the relay itself nor any IPv6.
        var inside = await device.RunAsync(
            "sh", "-c", "ip -oneline address; ip route; for to in 198.51.100.1:443 198.51.100.2:22 [2001:db8::1]:80; do curl -s --max-time 5 http://$to/; echo $to $?; done");
        var lines = inside.EnsureSuccess().Output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.All(lines.Where(line => line.Contains("inet", StringComparison.Ordinal)), line => Assert.Matches(@"^\d+: (lo|uem0)\s", line));
        Assert.DoesNotContain(lines, line => line.StartsWith("default", StringComparison.Ordinal));
        Assert.Contains("198.51.100.1:443 7", lines);
        Assert.Contains("198.51.100.2:22 7", lines);
        Assert.Contains("[2001:db8::1]:80 7", lines);
    }

    [RequiresFact(Needs, "ip", "dnsmasq")]
    public async Task User_InsideTheNetwork_CannotChangeIt()
    {
        var device = await shared.GetDeviceAsync(isUser: true);
        var result = await device.RunAsync("sh", "-c", "id -u; ip link set uem0 down; ip route add default dev uem0; nsenter --net=/proc/1/ns/net true; ip -brief link show uem0");
        Assert.StartsWith(RequirementCheck.UnprivilegedUser, result.Output, StringComparison.Ordinal);
        Assert.Contains("uem0", result.Output, StringComparison.Ordinal);
        Assert.Equal(2, result.Errors.Split("Operation not permitted").Length - 1);
        Assert.Contains("Permission denied", result.Errors, StringComparison.Ordinal);
    }

    [RequiresFact(Needs, "dnsmasq")]
    public async Task ExitStatus_IsTheCommands_AndTheLastProcessEndsTheTunnel()
    {
        var device = await shared.GetDeviceAsync(isUser: true);
        var launcher = await device.RunAsync("sh", "-c", "(setsid sh -c 'sleep 1; curl -sS --max-time 20 http://web/' &) ; exit 3");
        Assert.Equal(3, launcher.ExitCode);
        Assert.Contains("Intranet", launcher.Output, StringComparison.Ordinal);
        Assert.Equal(127, (await device.RunAsync("no-such-program")).ExitCode);
        Assert.Equal(126, (await device.RunAsync("/etc/passwd")).ExitCode);
        Assert.Equal(125, (await device.UemAsync("device", "run", "--state", "/nowhere", "--", "true")).ExitCode);
    }

    [RequiresFact(Needs, "dnsmasq")]
    public async Task Names_AreResolvedInTheTunnelOnly()
    {
        var device = await shared.GetDeviceAsync(isUser: true);
        var result = await device.RunAsync("sh", "-c", $"getent hosts {AppInstallation.WebName}; getent hosts public.example; cat /etc/resolv.conf; grep ^hosts: /etc/nsswitch.conf");
        Assert.Contains($"{UemInstallation.WebAddress} ", result.Output, StringComparison.Ordinal);
        Assert.Contains($"nameserver {UemInstallation.WebAddress}\nsearch corp.example\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("hosts: files dns", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("public.example", result.Output, StringComparison.Ordinal);
    }

    [RequiresFact(Needs, "dnsmasq")]
    public async Task Kernel_WithoutNamespacesForUsers_IsNamedInOneLine()
    {
        var device = await shared.GetDeviceAsync(isUser: true);
        var uem = await shared.GetAsync();

        // The limit of a user namespace is its own: the machine's stays.
        var refused = await uem.DeviceSide.TryRunAsync(
            "setpriv", "--reuid", RequirementCheck.UnprivilegedUser, "--regid", RequirementCheck.UnprivilegedUser, "--clear-groups",
            "unshare", "--user", "--map-root-user", "sh", "-c",
            "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set -all --inh-caps -all dotnet \"$@\"", "sh",
            UemInstallation.ProgramPath, "device", "run", "--state", device.State, "--", "true");
        Assert.Equal(125, refused.ExitCode);
        var line = Assert.Single(refused.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("sysctl user.max_user_namespaces=", line, StringComparison.Ordinal);
    }
}
