using System.Net;
using System.Net.Sockets;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Nat;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Tests.Agent.Tun;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Agent.Nat;

[Trait("Category", "Machine")]
public sealed class NftablesMasqueradeTests
{
    private static readonly MasqueradeOptions Options = new()
    {
        Name = "t1",
        TunName = "uemt0",
        Pool = Ipv4Prefix.Parse("10.64.0.0/24"),
    };

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "ping")]
    public async Task Install_PoolPackets_LeaveUnderTheNodesAddress()
    {
        await using NetNamespace device = await NetNamespace.CreateAsync("device");
        await using NetNamespace node = await NetNamespace.CreateAsync("node");
        await using NetNamespace server = await NetNamespace.CreateAsync("server");
        await NetNamespace.ConnectAsync(node, "lan", "10.1.0.1/24", server, "lan", "10.1.0.2/24");
        using LinuxTunDevice deviceTun = OpenTun(device, "10.64.0.2", "10.1.0.0/24");
        using LinuxTunDevice nodeTun = OpenTun(node, "10.64.0.1", null);
        using TunCopier copier = new(deviceTun, nodeTun);
        NftablesMasquerade masquerade = node.Run(() => NftablesMasquerade.Install(Options));
        Assert.Equal("uem_t1", masquerade.Table);

        // The server has no route to the pool: only a translated packet can be answered, by ping and by UDP.
        Assert.Contains(
            "3 received", await device.RunAsync("ping", "-c", "3", "-i", "0.05", "-W", "5", "10.1.0.2"), StringComparison.Ordinal);
        using Socket receiver = server.Run(() => NewUdpSocket("10.1.0.2", 7000));
        using Socket sender = device.Run(() => NewUdpSocket("10.64.0.2", 0));
        sender.SendTo([42], new IPEndPoint(IPAddress.Parse("10.1.0.2"), 7000));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal(1, receiver.ReceiveFrom(new byte[10], ref from));
        Assert.Equal("10.1.0.1", ((IPEndPoint)from).Address.ToString());

        // A source outside the pool is dropped and counted.
        await device.RunAsync("ip", "address", "add", "10.65.0.9/32", "dev", "uemt0");
        CommandResult spoofed = await device.TryRunAsync("ping", "-c", "1", "-W", "0.2", "-I", "10.65.0.9", "10.1.0.2");
        Assert.Equal(1, spoofed.ExitCode);
        Assert.Matches("saddr != 10.64.0.0/24 counter packets [1-9]", await node.RunAsync("nft", "list", "table", "ip", "uem_t1"));
        node.Run(() => Disposed(masquerade));
    }

    [RequiresFact(Requirement.Nftables)]
    public async Task Dispose_ForwardingWasOff_LeavesNothing()
    {
        await using NetNamespace node = await NewNodeAsync();
        NftablesMasquerade masquerade = node.Run(() => NftablesMasquerade.Install(Options));
        Assert.Equal("1", node.ReadSetting("ipv4/ip_forward"));
        node.Run(() => Disposed(masquerade));
        node.Run(() => Disposed(masquerade));
        Assert.Equal("", await node.RunAsync("nft", "list", "tables"));
        Assert.Equal("0", node.ReadSetting("ipv4/ip_forward"));
    }

    [RequiresFact(Requirement.Nftables)]
    public async Task Dispose_ForwardingWasOn_LeavesItOn()
    {
        await using NetNamespace node = await NewNodeAsync();
        node.WriteSetting("ipv4/ip_forward", "1");
        node.Run(() => Disposed(NftablesMasquerade.Install(Options)));
        Assert.Equal("1", node.ReadSetting("ipv4/ip_forward"));
    }

    [RequiresFact(Requirement.Nftables)]
    public async Task Install_StaleTableOfAKilledProcess_IsReplacedAndItsValueRestored()
    {
        await using NetNamespace node = await NewNodeAsync();

        // A killed process disposes nothing: the first installation is simply left behind.
        _ = node.Run(() => NftablesMasquerade.Install(Options));
        NftablesMasquerade second = node.Run(
            () => NftablesMasquerade.Install(Options with { Pool = Ipv4Prefix.Parse("10.70.0.0/16") }));
        string table = await node.RunAsync("nft", "list", "table", "ip", "uem_t1");
        Assert.Contains("10.70.0.0/16", table, StringComparison.Ordinal);
        Assert.DoesNotContain("10.64.0.0/24", table, StringComparison.Ordinal);
        node.Run(() => Disposed(second));
        Assert.Equal("", await node.RunAsync("nft", "list", "tables"));
        Assert.Equal("0", node.ReadSetting("ipv4/ip_forward"));
    }

    [RequiresFact(Requirement.Nftables)]
    public async Task Dispose_TwoInstallations_TheLastOneRestoresForwarding()
    {
        await using NetNamespace node = await NewNodeAsync();
        NftablesMasquerade first = node.Run(() => NftablesMasquerade.Install(Options));
        NftablesMasquerade second = node.Run(() => NftablesMasquerade.Install(Options with { Name = "t2", TunName = "uemt1" }));
        node.Run(() => Disposed(first));
        Assert.Equal("1", node.ReadSetting("ipv4/ip_forward"));
        node.Run(() => Disposed(second));
        Assert.Equal("0", node.ReadSetting("ipv4/ip_forward"));
    }

    [Theory]
    [InlineData("", "uem0", "10.0.0.0/8", "name ''")]
    [InlineData("a b", "uem0", "10.0.0.0/8", "'a b'")]
    [InlineData("a", "uem*", "10.0.0.0/8", "'uem*'")]
    [InlineData("a", "x\" drop", "10.0.0.0/8", "TUN name")]
    [InlineData("a", "uem0", "0.0.0.0/0", "pool 0.0.0.0/0")]
    public void Validate_BadOption_NamesIt(string name, string tunName, string pool, string expected)
    {
        MasqueradeOptions options = new() { Name = name, TunName = tunName, Pool = Ipv4Prefix.Parse(pool) };
        Assert.Contains(expected, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    private static async Task<NetNamespace> NewNodeAsync()
    {
        NetNamespace node = await NetNamespace.CreateAsync("node");
        node.WriteSetting("ipv4/ip_forward", "0");
        return node;
    }

    private static bool Disposed(NftablesMasquerade masquerade)
    {
        masquerade.Dispose();
        return true;
    }

    private static Socket NewUdpSocket(string address, int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }

    private static LinuxTunDevice OpenTun(NetNamespace home, string address, string? route) => home.Run(() =>
    {
        LinuxTunDevice tun = LinuxTunDevice.Open(new TunOptions { Name = "uemt0", MtuBytes = 1400 });
        using NetworkLink link = NetworkLink.Open(tun.Name);
        link.AddAddress(Ipv4Address.Parse(address), 24);
        link.SetUp();
        if (route is not null)
        {
            link.AddRoute(new LinkRoute(Ipv4Prefix.Parse(route)));
        }

        return tun;
    });
}
