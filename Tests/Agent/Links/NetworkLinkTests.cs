using System.Text.Json;
using OrleansUem.Agent.Links;
using OrleansUem.Protocol.Packets;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Agent.Links;

/// <summary>Every change is checked through iproute2, an independent reader of the kernel's tables.</summary>
[Trait("Category", "Machine")]
public sealed class NetworkLinkTests : IAsyncLifetime
{
    private NetNamespace? _home;

    private NetNamespace Home => _home!;

    public async Task InitializeAsync()
    {
        if (RequirementCheck.FindMissing(Requirement.NetNamespaces, []) is null)
        {
            _home = await NetNamespace.CreateAsync("home");
            await Home.RunAsync("ip", "link", "add", "left", "type", "veth", "peer", "name", "right");
            await Home.RunAsync("ip", "link", "set", "right", "up");
        }
    }

    public async Task DisposeAsync()
    {
        if (_home is not null)
        {
            await _home.DisposeAsync();
        }
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public async Task SetMtuAndUp_Twice_LinkShowsIt()
    {
        using NetworkLink link = Open("left");
        Assert.Equal(1500, link.MtuBytes);
        for (int i = 0; i < 2; i++)
        {
            link.SetMtu(1300);
            link.SetUp();
        }

        JsonElement left = (await JsonAsync("link", "show", "left"))[0];
        Assert.Equal(1300, left.GetProperty("mtu").GetInt32());
        Assert.Equal("UP", left.GetProperty("operstate").GetString());
        Assert.Equal(link.Index, left.GetProperty("ifindex").GetInt32());
        link.SetDown();
        Assert.Equal("DOWN", (await JsonAsync("link", "show", "left"))[0].GetProperty("operstate").GetString());
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public async Task AddAndRemoveAddress_Twice_AddressAppearsOnceAndGoes()
    {
        using NetworkLink link = Open("left");
        Ipv4Address address = Ipv4Address.Parse("10.64.0.7");
        link.AddAddress(address, 24);
        link.AddAddress(address, 24);
        JsonElement addresses = (await JsonAsync("-4", "address", "show", "dev", "left"))[0].GetProperty("addr_info");
        Assert.Equal(1, addresses.GetArrayLength());
        Assert.Equal("10.64.0.7", addresses[0].GetProperty("local").GetString());
        Assert.Equal(24, addresses[0].GetProperty("prefixlen").GetInt32());
        link.RemoveAddress(address, 24);
        link.RemoveAddress(address, 24);
        Assert.DoesNotContain("10.64.0.7", await Home.RunAsync("ip", "address"), StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public async Task AddRoute_EveryOption_RouteShowsIt()
    {
        using NetworkLink link = OpenUp("left", "10.64.0.7");
        link.AddRoute(new LinkRoute(Ipv4Prefix.Parse("10.1.0.0/16")));
        link.AddRoute(new LinkRoute(Ipv4Prefix.Parse("10.1.0.0/16")));
        link.AddRoute(new LinkRoute(Ipv4Prefix.Parse("10.2.0.0/16"))
        {
            Via = Ipv4Address.Parse("10.64.0.1"),
            Metric = 50,
            Table = 1234,
            PreferredSource = Ipv4Address.Parse("10.64.0.7"),
            MtuBytes = 1200,
        });
        link.AddRoute(new LinkRoute(Ipv4Prefix.Parse("0.0.0.0/0")) { Metric = 7 });

        JsonElement main = Assert.Single((await JsonAsync("route", "show", "10.1.0.0/16")).EnumerateArray());
        Assert.Equal("left", main.GetProperty("dev").GetString());
        Assert.Equal("link", main.GetProperty("scope").GetString());
        JsonElement other = Assert.Single((await JsonAsync("-d", "route", "show", "table", "1234")).EnumerateArray());
        Assert.Equal("10.2.0.0/16", other.GetProperty("dst").GetString());
        Assert.Equal("10.64.0.1", other.GetProperty("gateway").GetString());
        Assert.Equal("10.64.0.7", other.GetProperty("prefsrc").GetString());
        Assert.Equal(50, other.GetProperty("metric").GetInt32());
        Assert.Equal(1200, other.GetProperty("metrics")[0].GetProperty("mtu").GetInt32());
        JsonElement standard = Assert.Single((await JsonAsync("route", "show", "default")).EnumerateArray());
        Assert.Equal(7, standard.GetProperty("metric").GetInt32());
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public async Task RemoveRoute_Twice_OnlyThatRouteGoes()
    {
        using NetworkLink link = OpenUp("left", "10.64.0.7");
        LinkRoute weak = new(Ipv4Prefix.Parse("10.1.0.0/16")) { Metric = 50 };
        LinkRoute strong = new(Ipv4Prefix.Parse("10.1.0.0/16")) { Metric = 10 };
        link.AddRoute(weak);
        link.AddRoute(strong);
        link.RemoveRoute(strong);
        link.RemoveRoute(strong);
        JsonElement left = Assert.Single((await JsonAsync("route", "show", "10.1.0.0/16")).EnumerateArray());
        Assert.Equal(50, left.GetProperty("metric").GetInt32());
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public async Task AddRoute_OtherLinkHasIt_SaysExistsAndReplaceTakesOver()
    {
        using NetworkLink left = OpenUp("left", "10.64.0.7");
        using NetworkLink right = OpenUp("right", "10.65.0.7");
        LinkRoute route = new(Ipv4Prefix.Parse("10.1.0.0/16"));
        left.AddRoute(route);
        NetworkLinkException refused = Assert.Throws<NetworkLinkException>(() => right.AddRoute(route));
        Assert.Contains("Adding route 10.1.0.0/16 dev right failed: EEXIST", refused.Message, StringComparison.Ordinal);
        Assert.Equal(17, refused.ErrorNumber);
        right.ReplaceRoute(route);
        JsonElement shown = Assert.Single((await JsonAsync("route", "show", "10.1.0.0/16")).EnumerateArray());
        Assert.Equal("right", shown.GetProperty("dev").GetString());
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public void AddRoute_RouterOutsideTheLink_NamesTheReasonOfTheKernel()
    {
        using NetworkLink link = OpenUp("left", "10.64.0.7");
        LinkRoute route = new(Ipv4Prefix.Parse("10.1.0.0/16")) { Via = Ipv4Address.Parse("192.0.2.1") };
        NetworkLinkException e = Assert.Throws<NetworkLinkException>(() => link.AddRoute(route));
        Assert.Contains("ENETUNREACH", e.Message, StringComparison.Ordinal);
        Assert.Contains("Nexthop has invalid gateway", e.Message, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.NetNamespaces)]
    public void Open_UnknownName_SaysSo()
    {
        NetworkLinkException e = Assert.Throws<NetworkLinkException>(() => Open("nowhere"));
        Assert.Equal("There is no network interface nowhere (ENODEV).", e.Message);
    }

    private NetworkLink Open(string name) => Home.Run(() => NetworkLink.Open(name));

    private NetworkLink OpenUp(string name, string address)
    {
        NetworkLink link = Open(name);
        link.SetUp();
        link.AddAddress(Ipv4Address.Parse(address), 24);
        return link;
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        using JsonDocument document = JsonDocument.Parse(await Home.RunAsync("ip", ["-j", .. arguments]));
        return document.RootElement.Clone();
    }
}
