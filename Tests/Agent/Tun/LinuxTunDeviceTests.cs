using OrleansUem.Agent.Links;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.Tun;

[Trait("Category", "Machine")]
public sealed class LinuxTunDeviceTests
{
    private static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(20);

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces, "ping")]
    public async Task TwoDevices_CopiedIntoEachOther_CarryPing()
    {
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinuxTunDevice leftTun = OpenWithAddress(left, "uemt0", "10.64.0.1");
        using LinuxTunDevice rightTun = OpenWithAddress(right, "uemt0", "10.64.0.2");
        using TunCopier copier = new(leftTun, rightTun);

        string small = await left.RunAsync("ping", "-c", "5", "-i", "0.05", "-W", "5", "10.64.0.2");
        string full = await left.RunAsync("ping", "-c", "2", "-i", "0.05", "-W", "5", "-M", "do", "-s", "1372", "10.64.0.2");

        Assert.Contains("5 received", small, StringComparison.Ordinal);
        Assert.Contains("2 received", full, StringComparison.Ordinal);
        Assert.InRange(leftTun.Counters.PacketsRead, 7, long.MaxValue);
        Assert.InRange(rightTun.Counters.BytesWritten, 2 * 1400, long.MaxValue);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Stop_BlockedReader_ReturnsZero()
    {
        await using NetNamespace home = await NetNamespace.CreateAsync("home");
        using LinuxTunDevice tun = home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "uemt%d", MtuBytes = 1400 }));
        Assert.Matches("^uemt[0-9]+$", tun.Name);
        TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread reader = new(() => ended.SetResult(tun.Read(new byte[2048]))) { IsBackground = true };
        reader.Start();

        tun.Stop();

        Assert.Equal(0, await ended.Task.WaitAsync(SafetyTimeout));
        Assert.False(tun.WaitReadable());
        Assert.False(tun.TryWrite(PacketBuilder.Udp("10.0.0.1", "10.0.0.2", 9)));
        Assert.Equal(1, tun.Counters.WritesDroppedLinkDown);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Dispose_BlockedReader_ReturnsZeroAndInterfaceIsGone()
    {
        await using NetNamespace home = await NetNamespace.CreateAsync("home");
        LinuxTunDevice tun = home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "uemt0" }));
        TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread reader = new(() => ended.SetResult(tun.Read(new byte[2048]))) { IsBackground = true };
        reader.Start();

        tun.Dispose();

        Assert.Equal(0, await ended.Task.WaitAsync(SafetyTimeout));
        reader.Join();
        Assert.Equal(0, tun.Read(new byte[2048]));
        Assert.DoesNotContain("uemt0", await home.RunAsync("ip", "link", "show"), StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task TryWrite_RefusedPackets_AreCountedByReason()
    {
        await using NetNamespace home = await NetNamespace.CreateAsync("home");
        using LinuxTunDevice tun = home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "uemt0" }));

        Assert.False(tun.TryWrite(PacketBuilder.Udp("10.0.0.1", "10.0.0.2", 9)));
        Assert.Equal(1, tun.Counters.WritesDroppedLinkDown);

        home.Run(() =>
        {
            using NetworkLink link = NetworkLink.Open("uemt0");
            link.SetUp();
            return true;
        });
        Assert.False(tun.TryWrite([]));
        Assert.False(tun.TryWrite([0xFF, 1, 2, 3]));
        Assert.True(tun.TryWrite(PacketBuilder.Udp("10.0.0.1", "10.0.0.2", 9)));
        Assert.Equal(2, tun.Counters.WritesDroppedMalformed);
        Assert.Equal(1, tun.Counters.PacketsWritten);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Open_NameInUse_SaysBusy()
    {
        await using NetNamespace home = await NetNamespace.CreateAsync("home");
        using LinuxTunDevice first = home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "uemt0" }));
        TunUnavailableException busy = Assert.Throws<TunUnavailableException>(
            () => home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "uemt0" })));
        TunUnavailableException taken = Assert.Throws<TunUnavailableException>(
            () => home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "lo" })));
        Assert.Contains("uemt0 is in use by another process (EBUSY)", busy.Message, StringComparison.Ordinal);
        Assert.Contains("is not a TUN", taken.Message, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task WaitReadable_NamespaceRemoved_ReadingEnds()
    {
        NetNamespace home = await NetNamespace.CreateAsync("home");
        using LinuxTunDevice tun = home.Run(() => LinuxTunDevice.Open(new TunOptions { Name = "uemt0" }));
        TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread reader = new(() => ended.SetResult(tun.Read(new byte[2048]))) { IsBackground = true };
        reader.Start();

        await home.RunAsync("ip", "link", "delete", "uemt0");
        await home.DisposeAsync();

        Assert.Equal(0, await ended.Task.WaitAsync(SafetyTimeout));
    }

    [Theory]
    [InlineData("", 1280, "TUN name ''")]
    [InlineData("sixteen-letters-", 1280, "1 to 15 bytes")]
    [InlineData("a/b", 1280, "'a/b'")]
    [InlineData("a b", 1280, "'a b'")]
    [InlineData("..", 1280, "'..'")]
    [InlineData("uem0", 67, "67 is out of range: it must be 68 to 65535")]
    [InlineData("uem0", 65536, "65536 is out of range")]
    public void Validate_BadOption_NamesValueAndBound(string name, int mtuBytes, string expected)
    {
        TunOptions options = new() { Name = name, MtuBytes = mtuBytes };
        Assert.Contains(expected, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    private static LinuxTunDevice OpenWithAddress(NetNamespace home, string name, string address) => home.Run(() =>
    {
        LinuxTunDevice tun = LinuxTunDevice.Open(new TunOptions { Name = name, MtuBytes = 1400 });
        using NetworkLink link = NetworkLink.Open(tun.Name);
        link.AddAddress(Ipv4Address.Parse(address), 24);
        link.SetUp();
        return tun;
    });
}
