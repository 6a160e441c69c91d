using System.Globalization;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Machines;

[Trait("Category", "Machine")]
public sealed class NetNamespaceTests
{
    [RequiresFact(Requirement.NetNamespaces, "ping", "sleep")]
    public async Task Create_TwoConnected_ReachEachOtherAndVanish()
    {
        string name;
        await using (NetNamespace left = await NetNamespace.CreateAsync("left"))
        await using (NetNamespace right = await NetNamespace.CreateAsync("right"))
        {
            name = left.Name;
            await NetNamespace.ConnectAsync(left, "wan", "192.0.2.1/24", right, "wan", "192.0.2.2/24");
            await left.RunAsync("ping", "-c", "1", "-W", "10", "192.0.2.2");
            await left.RunAsync("ping", "-c", "1", "-W", "10", "127.0.0.1");
            left.WriteSetting("ipv4/ip_forward", "1");
            Assert.Equal("1", left.ReadSetting("ipv4/ip_forward"));
        }

        Assert.False(File.Exists("/run/netns/" + name));
    }

    [RequiresFact(Requirement.NetNamespaces, "true", "sleep")]
    public async Task RemoveLeftovers_NamespaceOfADeadRun_GoesWithItsProcesses()
    {
        int deadOwner;
        await using (ChildProcess owner = ChildProcess.Start(null, "true", []))
        {
            deadOwner = owner.ProcessId;
            await owner.WaitForExitAsync("an owner that ends at once");
        }

        string leftover = string.Create(CultureInfo.InvariantCulture, $"{NetNamespace.NamePrefix}{deadOwner}-1-left");
        (await ChildProcess.RunAsync(null, "making a leftover", null, "ip", "netns", "add", leftover)).EnsureSuccess();
        await using ChildProcess orphan = ChildProcess.Start(
            null, "ip", ["netns", "exec", leftover, "sh", "-c", "echo ready; exec sleep 600"]);
        await orphan.WaitForLineAsync("the orphan runs", line => line == "ready");
        await using NetNamespace alive = await NetNamespace.CreateAsync("alive");

        await NetNamespace.RemoveLeftoversAsync();

        Assert.False(File.Exists("/run/netns/" + leftover));
        Assert.True(File.Exists(alive.FilePath));
        Assert.Equal(137, await orphan.WaitForExitAsync("the orphan is killed"));
    }
}
