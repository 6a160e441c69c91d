using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Tunnel;

public sealed class TunnelCodecTests
{
    [Theory]
    [InlineData(TunnelLimits.MtuBytesMin)]
    [InlineData(1_370)]
    [InlineData(TunnelLimits.MtuBytesMax)]
    public void Encode_LargestConfiguration_EachPartFitsTheMtuAndTheWholeComesBack(int mtuBytes)
    {
        var configuration = TunnelSamples.Largest with { MtuBytes = mtuBytes };
        Assert.Null(configuration.FindFault());
        var parts = TunnelCodec.Encode(configuration);
        Assert.InRange(parts.Count, 1, TunnelLimits.PartsMax);
        Assert.All(parts, part => Assert.InRange(part.Length, 1, mtuBytes));

        var device = new TunnelMachine(TunnelRole.Device, mtuBytes, 0);
        device.SecuredAtDevice(0);
        foreach (var part in parts.Reverse())
        {
            Assert.Equal(TunnelState.Configuring, device.State);
            device.Receive(part, 1);
            device.Receive(part, 1);
        }

        Assert.Equal(TunnelState.Up, device.State);
        var received = device.Configuration!;
        Assert.Equal(configuration.Routes, received.Routes);
        Assert.Equal(configuration.DnsServers, received.DnsServers);
        Assert.Equal(configuration.DnsDomains, received.DnsDomains);
        Assert.Equal(
            configuration with { Routes = [], DnsServers = [], DnsDomains = [] },
            received with { Routes = [], DnsServers = [], DnsDomains = [] });
    }

    [Theory]
    [InlineData("corp.example", true)]
    [InlineData("_tcp.x-1", true)]
    [InlineData("a", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("a.", false)]
    [InlineData(".a", false)]
    [InlineData("a..b", false)]
    [InlineData("a b", false)]
    [InlineData("a\nnameserver 192.0.2.1", false)]
    [InlineData("é.example", false)]
    public void IsDomain_Text_AsExpected(string text, bool isDomain) => Assert.Equal(isDomain, TunnelConfiguration.IsDomain(text));

    [Fact]
    public void IsDomain_LabelsAtTheirBound_AsExpected()
    {
        Assert.True(TunnelConfiguration.IsDomain(new string('a', 63)));
        Assert.False(TunnelConfiguration.IsDomain(new string('a', 64)));
        Assert.False(TunnelConfiguration.IsDomain(string.Join('.', Enumerable.Repeat(new string('a', 63), 4))));
    }

    public static TheoryData<string, Action<Configuration>> Faults => new()
    {
        { "address", c => c.Address = 0 },
        { "address", c => c.Address = Ipv4Address.Parse("224.0.0.1").Value },
        { "address", c => c.NodeAddress = c.Address },
        { "prefix_length", c => c.PrefixLength = 33 },
        { "mtu_bytes", c => c.MtuBytes = 575 },
        { "mtu_bytes", c => c.MtuBytes = 1_371 },
        { "node_name", c => c.NodeName = "Node 1" },
        { "routes", c => c.Routes.Add("10.0.0.1/8") },
        { "routes", c => c.Routes.Add("::/0") },
        { "more than", c => c.Routes.Add(Enumerable.Repeat("10.0.0.0/8", 256)) },
        { "dns_servers", c => c.DnsServers.Add("dns.example") },
        { "dns_servers", c => c.DnsServers.Add("127.0.0.53") },
        { "more than", c => c.DnsServers.Add(Enumerable.Repeat("10.0.0.53", 8)) },
        { "dns_domains", c => c.DnsDomains.Add("a b") },
        { "more than", c => c.DnsDomains.Add(Enumerable.Repeat("a", 32)) },
        { "part", c => c.Part = 1 },
        { "part", c => c.Parts = 65 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Receive_ConfigurationWithFault_ClosesAndNamesTheField(string named, Action<Configuration> spoil)
    {
        Assert.Equal(Reason.None, TunnelCodec.TryDecode(TunnelCodec.Encode(TunnelSamples.Small)[0], out var control));
        spoil(control!.Configuration);
        var device = new TunnelMachine(TunnelRole.Device, 1_370, 0);
        device.SecuredAtDevice(0);
        device.TakeAll();
        device.Receive(TunnelCodec.Encode(control), 1);
        var closed = device.TakeAll()[^1];
        Assert.Equal((TunnelEffectKind.Closed, Reason.MalformedFrame), (closed.Kind, closed.Reason));
        Assert.Contains(named, closed.Detail, StringComparison.Ordinal);
    }
}
