using OrleansUem.Device.Network;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Device;

public sealed class AppResolverTextTests
{
    [Theory]
    [InlineData("10.1.0.53 10.1.0.54", "corp.example lab.example", "# Of the tunnel to node-1.\nnameserver 10.1.0.53\nnameserver 10.1.0.54\nsearch corp.example lab.example\n")]
    [InlineData("10.1.0.53", "", "# Of the tunnel to node-1.\nnameserver 10.1.0.53\n")]
    [InlineData("", "", "# Of the tunnel to node-1.\n")]
    public void Make_OfServersAndDomains_IsWhatResolversRead(string servers, string domains, string expected) => Assert.Equal(
        expected,
        AppResolverText.Make(new TunnelConfiguration
        {
            Address = Ipv4Address.Parse("10.64.0.7"),
            PrefixLength = 16,
            NodeAddress = Ipv4Address.Parse("10.64.0.1"),
            DnsServers = [.. servers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(server => Ipv4Address.Parse(server))],
            DnsDomains = domains.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            NodeName = "node-1",
        }));
}
