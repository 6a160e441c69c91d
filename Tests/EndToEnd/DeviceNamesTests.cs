using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Names of the whole machine under <c>uem device up</c> with the stub: who is asked for what, and that resolv.conf comes back in every case.</summary>
[Trait("Category", "E2E")]
public sealed class DeviceNamesTests(DeviceInstallation shared) : IClassFixture<DeviceInstallation>
{
    private const Requirement Needs = Requirement.Tun | Requirement.Nftables;
    private const string Own = $"# of the machine\nnameserver {DeviceInstallation.OwnServer}\noptions timeout:2\n";

    [RequiresFact(Needs, "dnsmasq", "unshare", "nsenter", "getent")]
    public async Task Names_AreSplit_AndTheFileComesBack()
    {
        var uem = await shared.GetAsync();
        await using var machine = await NamesMachine.StartAsync(uem, Own);
        await using var device = await machine.StartDeviceAsync();

        Assert.Equal(UemInstallation.WebAddress, await machine.ResolveAsync(AppInstallation.WebName));
        Assert.Equal(UemInstallation.WebAddress, await machine.ResolveAsync("web"));
        Assert.Equal(DeviceInstallation.PublicAddress, await machine.ResolveAsync(DeviceInstallation.PublicName));
        Assert.Equal("", await machine.ResolveAsync("nobody.corp.example"));
        var own = await shared.GetOwnServerAsync();
        Assert.Contains(own.Lines, line => line.Text.Contains(DeviceInstallation.PublicName, StringComparison.Ordinal));
        Assert.DoesNotContain(own.Lines, line => line.Text.Contains("corp.example", StringComparison.Ordinal));
        Assert.Contains("\"by\": \"stub\"", (await machine.UemAsync("device", "status", "--json", "--state", machine.State)).EnsureSuccess().Output, StringComparison.Ordinal);

        device.Terminate();
        Assert.Equal(0, await device.WaitForExitAsync("the device ends"));
        Assert.Equal(Own, machine.Resolver);
        Assert.Equal(DeviceInstallation.PublicAddress, await machine.ResolveAsync(DeviceInstallation.PublicName));
    }

    // The network is the device's, the files are those of the machine that the tests run on.
    [RequiresFact(Needs, "dnsmasq")]
    public async Task NamespaceWithTheMachinesFile_IsLeftAlone()
    {
        var uem = await shared.GetAsync();
        var before = await File.ReadAllTextAsync("/etc/resolv.conf");
        var device = uem.StartProgram(uem.DeviceSide, "dotnet", UemInstallation.ProgramPath, "device", "up", "--state", uem.StateOf("device"));

        await NamesMachine.WaitForNamesAsync(device, "Names are resolved as before: /etc/resolv.conf is that of the machine outside", 1);

        Assert.Equal(before, await File.ReadAllTextAsync("/etc/resolv.conf"));
        device.Terminate();
        await device.WaitForExitAsync("the device ends");
        Assert.Equal(before, await File.ReadAllTextAsync("/etc/resolv.conf"));
    }

    [RequiresFact(Needs | Requirement.Resolved, "dnsmasq", "unshare", "nsenter", "getent")]
    public async Task Resolved_IsToldAndForgetsWithTheInterface()
    {
        var uem = await shared.GetAsync();
        await using var resolved = await ResolvedMachine.StartAsync(uem);
        var machine = resolved.Machine;
        var before = machine.Resolver;
        await using (var device = await machine.StartDeviceAsync())
        {
            await NamesMachine.WaitForNamesAsync(device, "by systemd-resolved", 1);
            Assert.Equal(before, machine.Resolver);
            Assert.Equal(UemInstallation.WebAddress, await machine.ResolveAsync(AppInstallation.WebName));
            Assert.Equal(DeviceInstallation.PublicAddress, await machine.ResolveAsync(DeviceInstallation.PublicName));
            Assert.DoesNotContain((await shared.GetOwnServerAsync()).Lines, line => line.Text.Contains("corp.example", StringComparison.Ordinal));
            Assert.Contains("corp.example", (await machine.TryRunAsync("resolvectl", "domain", "uem0")).EnsureSuccess().Output, StringComparison.Ordinal);

            device.Kill();
            await device.WaitForExitAsync("the device is dead");
        }

        // Nothing of ours is left, and nothing has to be put back.
        Assert.DoesNotContain("corp.example", (await machine.TryRunAsync("resolvectl", "domain")).EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.Equal(DeviceInstallation.PublicAddress, await machine.ResolveAsync(DeviceInstallation.PublicName));
        Assert.Contains("killed", (await machine.UemAsync("device", "down", "--state", machine.State)).EnsureSuccess().Output, StringComparison.Ordinal);
    }

    [RequiresTheory(Needs, "dnsmasq", "unshare", "nsenter", "getent")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_DownOrTheNextStart_PutsTheFileBack(bool isByDown)
    {
        var uem = await shared.GetAsync();
        await using var machine = await NamesMachine.StartAsync(uem, Own);
        await using (var device = await machine.StartDeviceAsync())
        {
            device.Kill();
            await device.WaitForExitAsync("the device is dead");
        }

        Assert.NotEqual(Own, machine.Resolver);
        var status = await machine.UemAsync("device", "status", "--state", machine.State);
        Assert.Equal(3, status.ExitCode);
        Assert.Contains("killed", status.Output, StringComparison.Ordinal);
        if (isByDown)
        {
            Assert.Contains("as it was before", (await machine.UemAsync("device", "down", "--state", machine.State)).EnsureSuccess().Output, StringComparison.Ordinal);
        }
        else
        {
            await using var next = await machine.StartDeviceAsync("--dns", "off");
            Assert.Equal(Own, machine.Resolver);
            next.Terminate();
            await next.WaitForExitAsync("the device ends");
        }

        Assert.Equal(Own, machine.Resolver);
    }

    [RequiresFact(Needs, "dnsmasq", "unshare", "nsenter", "getent")]
    public async Task RewrittenMeanwhile_IsTakenAgain_AndTheirsComesBack()
    {
        const string theirs = $"# another network\nnameserver {DeviceInstallation.OwnServer}\n";
        var uem = await shared.GetAsync();
        await using var machine = await NamesMachine.StartAsync(uem, "nameserver 192.0.2.1\n");
        await using var device = await machine.StartDeviceAsync();

        // As network managers do: a link under its name, and the file behind it written for the next network.
        var managed = Path.Combine(Path.GetDirectoryName(machine.ResolverPath)!, "managed.conf");
        await File.WriteAllTextAsync(managed, "nameserver 192.0.2.2\n");
        File.CreateSymbolicLink(machine.ResolverPath + ".theirs", "managed.conf");
        File.Move(machine.ResolverPath + ".theirs", machine.ResolverPath, overwrite: true);
        await NamesMachine.WaitForNamesAsync(device, "by the stub", 2);
        await File.WriteAllTextAsync(managed, theirs);
        await NamesMachine.WaitForNamesAsync(device, "by the stub", 3);
        Assert.Equal(DeviceInstallation.PublicAddress, await machine.ResolveAsync(DeviceInstallation.PublicName));
        Assert.Equal(UemInstallation.WebAddress, await machine.ResolveAsync(AppInstallation.WebName));

        // After a kill nobody takes it again: theirs is left.
        device.Kill();
        await device.WaitForExitAsync("the device is dead");
        await File.WriteAllTextAsync(machine.ResolverPath, theirs + "# later\n");
        Assert.Contains("left as it is", (await machine.UemAsync("device", "down", "--state", machine.State)).EnsureSuccess().Output, StringComparison.Ordinal);
        Assert.Equal(theirs + "# later\n", machine.Resolver);
    }

    [RequiresFact(Needs, "dnsmasq", "unshare", "nsenter", "getent")]
    public async Task Link_AndMountedFile_ComeBackAsWhatTheyWere()
    {
        var uem = await shared.GetAsync();
        await using (var linked = await NamesMachine.StartAsync(uem, Own, "mv /etc/resolv.conf /etc/managed.conf && ln -s managed.conf /etc/resolv.conf"))
        {
            await using var device = await linked.StartDeviceAsync();
            Assert.Equal(UemInstallation.WebAddress, await linked.ResolveAsync(AppInstallation.WebName));
            Assert.Null(new FileInfo(linked.ResolverPath).LinkTarget);
            device.Terminate();
            await device.WaitForExitAsync("the device ends");
            Assert.Equal("managed.conf", new FileInfo(linked.ResolverPath).LinkTarget);
            Assert.Equal(Own, linked.Resolver);
        }

        await using (var mounted = await NamesMachine.StartAsync(uem, Own, "cp /etc/resolv.conf /etc/mounted.conf && mount --bind /etc/mounted.conf /etc/resolv.conf"))
        {
            await using var device = await mounted.StartDeviceAsync();
            Assert.Equal(UemInstallation.WebAddress, await mounted.ResolveAsync(AppInstallation.WebName));
            device.Terminate();
            await device.WaitForExitAsync("the device ends");
            Assert.Equal(Own, (await mounted.TryRunAsync("cat", "/etc/resolv.conf")).Output + "\n");
        }
    }

    [RequiresFact(Needs, "dnsmasq", "unshare", "nsenter", "getent")]
    public async Task Names_ThatCannotBeSet_AreLeftAloneWithTheReason()
    {
        var uem = await shared.GetAsync();
        await using var machine = await NamesMachine.StartAsync(uem, Own);
        await using (var off = await machine.StartDeviceAsync("--dns", "off"))
        {
            Assert.Equal(Own, machine.Resolver);
            off.Terminate();
            await off.WaitForExitAsync("the device ends");
        }

        // Another resolver has the port on all addresses.
        await using var other = machine.Start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-facility=-", "--port=53");
        await other.WaitForLineAsync("the other resolver starts", line => line.Contains("started", StringComparison.Ordinal));
        await using var device = await machine.StartDeviceAsync();
        await NamesMachine.WaitForNamesAsync(device, "is taken by another program", 1);
        Assert.Equal(Own, machine.Resolver);
        device.Terminate();
        await device.WaitForExitAsync("the device ends");
    }
}
