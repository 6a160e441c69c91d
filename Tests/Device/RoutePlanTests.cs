using OrleansUem.Device;
using OrleansUem.Device.Network;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Device;

public sealed class RoutePlanTests
{
    [Theory]
    [InlineData("10.1.0.0/16", false, "10.64.0.1/32 10.1.0.0/16", 0)]
    [InlineData("0.0.0.0/0", false, "10.64.0.1/32", 1)]
    [InlineData("128.0.0.0/1", false, "10.64.0.1/32", 1)]
    [InlineData("0.0.0.0/0", true, "10.64.0.1/32 0.0.0.0/1 128.0.0.0/1", 0)]
    [InlineData("127.0.0.0/8", false, "10.64.0.1/32", 1)]
    [InlineData("224.0.0.0/4", true, "10.64.0.1/32", 1)]
    [InlineData("169.254.0.0/16", true, "10.64.0.1/32", 1)]
    public void Choose_ByRoute_TakesOrSaysWhyNot(string route, bool acceptsDefault, string expected, int skippedCount)
    {
        var skipped = new List<string>();
        var configuration = new TunnelConfiguration
        {
            Address = Ipv4Address.Parse("10.64.0.7"),
            PrefixLength = 16,
            NodeAddress = Ipv4Address.Parse("10.64.0.1"),
            Routes = [Ipv4Prefix.Parse(route), Ipv4Prefix.Parse(route)],
            MtuBytes = 1370,
            NodeName = "node-1",
        };

        var chosen = RoutePlan.Choose(configuration, acceptsDefault, skipped);

        Assert.Equal(expected, string.Join(' ', chosen));
        Assert.Equal(skippedCount * 2, skipped.Count);
    }

    /// <summary>A name server outside of the routes would be asked in clear by whoever is on the way.</summary>
    [Fact]
    public void Choose_NameServers_AreRoutedUnlessARouteHasThem()
    {
        var configuration = new TunnelConfiguration
        {
            Address = Ipv4Address.Parse("10.64.0.7"),
            PrefixLength = 16,
            NodeAddress = Ipv4Address.Parse("10.64.0.1"),
            Routes = [Ipv4Prefix.Parse("10.1.0.0/16")],
            DnsServers = [Ipv4Address.Parse("10.1.0.53"), Ipv4Address.Parse("10.9.0.53")],
            NodeName = "node-1",
        };

        Assert.Equal("10.64.0.1/32 10.1.0.0/16 10.9.0.53/32", string.Join(' ', RoutePlan.Choose(configuration, false, [])));
    }

    // Taken from a machine with a default route, a network of its own and a rejecting route.
    [Fact]
    public void Parse_KernelTable_FindsTheWay()
    {
        string[] lines =
        [
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
            "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
            "eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
            "*\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0",
            "nonsense",
        ];

        var routes = KernelRoute.Parse(lines);

        Assert.Equal(2, routes.Count);
        var outside = KernelRoute.Best(routes, Ipv4Address.Parse("198.51.100.7"))!;
        Assert.Equal(("eth0", "0.0.0.0/0", "192.0.2.1"), (outside.Interface, outside.Destination.ToString(), outside.Via.ToString()));
        Assert.Null(KernelRoute.Best(routes, Ipv4Address.Parse("192.0.2.200"))!.Via);
    }

    [Theory]
    [InlineData(575, "uem0", "MTU")]
    [InlineData(9001, "uem0", "MTU")]
    [InlineData(1370, "a name that is too long", "TUN name")]
    public void Validate_BadOption_NamesIt(int mtu, string tun, string named)
    {
        var options = new DeviceOptions { StateDirectory = "x", MtuBytes = mtu, TunName = tun };
        Assert.Contains(named, Assert.Throws<DeviceFatalException>(options.Validate).Message, StringComparison.Ordinal);
    }
}
