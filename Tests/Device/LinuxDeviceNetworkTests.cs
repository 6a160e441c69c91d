using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Device.Network;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device;

/// <summary>The kernel's view of a device's network: a namespace with one cable to the outside, the relay behind its router.</summary>
public sealed class LinuxDeviceNetworkTests
{
    private const string Relay = "198.51.100.7";
    private const string ExceptionMetric = "7693677";

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Apply_RouteThatCoversTheRelay_LeavesTheRelayOutsideAndNothingBehind()
    {
        await using var machine = await NetNamespace.CreateAsync("device");
        await using var router = await NetNamespace.CreateAsync("router");
        await ConnectAsync(machine, router);
        var network = machine.Run(() => Open(acceptsDefault: false));
        try
        {
            network.ProtectRelay(IPAddress.Parse(Relay));
            var skipped = machine.Run(() => network.Apply(Configuration("10.64.0.7", "198.51.0.0/16", "10.1.0.0/16", "0.0.0.0/0")));

            Assert.Contains("0.0.0.0/0", Assert.Single(skipped), StringComparison.Ordinal);
            Assert.Contains("dev eth0", await machine.RunAsync("ip", "route", "get", Relay), StringComparison.Ordinal);
            Assert.Contains("dev uemt0 src 10.64.0.7", await machine.RunAsync("ip", "route", "get", "198.51.5.5"), StringComparison.Ordinal);
            Assert.Contains("dev uemt0 src 10.64.0.7", await machine.RunAsync("ip", "route", "get", "10.1.2.3"), StringComparison.Ordinal);
            Assert.Contains("dev uemt0", await machine.RunAsync("ip", "route", "get", "10.64.0.1"), StringComparison.Ordinal);
            Assert.Contains("dev eth0", await machine.RunAsync("ip", "route", "get", "203.0.113.9"), StringComparison.Ordinal);
            Assert.Contains("mtu 1280", await machine.RunAsync("ip", "link", "show", "uemt0"), StringComparison.Ordinal);
        }
        finally
        {
            machine.Run(() => Close(network));
        }

        var routes = await machine.RunAsync("ip", "route");
        Assert.DoesNotContain(ExceptionMetric, routes, StringComparison.Ordinal);
        Assert.DoesNotContain("uemt0", routes, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Apply_ChangedAddressAndRoutes_ReplacesThemOnTheSameInterface()
    {
        await using var machine = await NetNamespace.CreateAsync("device");
        await using var router = await NetNamespace.CreateAsync("router");
        await ConnectAsync(machine, router);
        var network = machine.Run(() => Open(acceptsDefault: false));
        try
        {
            machine.Run(() => network.Apply(Configuration("10.64.0.7", "10.1.0.0/16", "10.2.0.0/16")));
            machine.Run(() => network.Apply(Configuration("10.64.0.8", "10.2.0.0/16", "10.3.0.0/16")));

            var addresses = await machine.RunAsync("ip", "-4", "address", "show", "dev", "uemt0");
            Assert.Contains("10.64.0.8/32", addresses, StringComparison.Ordinal);
            Assert.DoesNotContain("10.64.0.7", addresses, StringComparison.Ordinal);
            var routes = await machine.RunAsync("ip", "route", "show", "dev", "uemt0");
            Assert.DoesNotContain("10.1.0.0/16", routes, StringComparison.Ordinal);
            Assert.Contains("10.2.0.0/16 proto static scope link src 10.64.0.8", routes, StringComparison.Ordinal);
            Assert.Contains("10.3.0.0/16", routes, StringComparison.Ordinal);
        }
        finally
        {
            machine.Run(() => Close(network));
        }
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Apply_AcceptedDefaultRoute_SendsEverythingButTheRelay_AndLeftoversOfAKilledRunGo()
    {
        await using var machine = await NetNamespace.CreateAsync("device");
        await using var router = await NetNamespace.CreateAsync("router");
        await ConnectAsync(machine, router);
        await machine.RunAsync("ip", "route", "add", "198.51.100.99/32", "via", "192.0.2.1", "metric", ExceptionMetric);
        var network = machine.Run(() => Open(acceptsDefault: true));
        try
        {
            Assert.DoesNotContain("198.51.100.99", await machine.RunAsync("ip", "route"), StringComparison.Ordinal);
            network.ProtectRelay(IPAddress.Parse("::ffff:" + Relay));
            Assert.Empty(machine.Run(() => network.Apply(Configuration("10.64.0.7", "0.0.0.0/0"))));
            Assert.Contains("dev eth0", await machine.RunAsync("ip", "route", "get", Relay), StringComparison.Ordinal);
            Assert.Contains("dev uemt0", await machine.RunAsync("ip", "route", "get", "203.0.113.9"), StringComparison.Ordinal);

            // A relay that is met only now is protected at once.
            machine.Run(() =>
            {
                network.ProtectRelay(IPAddress.Parse("198.51.100.8"));
                return 0;
            });
            Assert.Contains("dev eth0", await machine.RunAsync("ip", "route", "get", "198.51.100.8"), StringComparison.Ordinal);
        }
        finally
        {
            machine.Run(() => Close(network));
        }

        Assert.Contains("dev eth0", await machine.RunAsync("ip", "route", "get", "203.0.113.9"), StringComparison.Ordinal);
    }

    private static LinuxDeviceNetwork Open(bool acceptsDefault) =>
        LinuxDeviceNetwork.Open("uemt0", 1370, acceptsDefault, NullLogger.Instance);

    private static int Close(LinuxDeviceNetwork network)
    {
        network.Dispose();
        return 0;
    }

    private static async Task ConnectAsync(NetNamespace machine, NetNamespace router)
    {
        await NetNamespace.ConnectAsync(machine, "eth0", "192.0.2.9/24", router, "eth0", "192.0.2.1/24");
        await machine.AddRouteAsync("default", "192.0.2.1");
    }

    private static TunnelConfiguration Configuration(string address, params string[] routes) => new()
    {
        Address = Ipv4Address.Parse(address),
        PrefixLength = 16,
        NodeAddress = Ipv4Address.Parse("10.64.0.1"),
        Routes = [.. routes.Select(route => Ipv4Prefix.Parse(route))],
        MtuBytes = 1280,
        NodeName = "node-1",
    };
}
