using OrleansUem.Node;
using Xunit;

namespace OrleansUem.Tests.Node;

public sealed class NodeOptionsValidatorTests
{
    private static readonly NodeOptions Good = new() { StateDirectory = "state", Routes = ["10.1.0.0/16"], DnsServers = ["10.1.0.53"] };

    public static TheoryData<string, NodeOptions> Bad => new()
    {
        { "StateDirectory", Good with { StateDirectory = "" } },
        { "Pool", Good with { Pool = "10.64.0.1/16" } },
        { "Pool", Good with { Pool = "10.0.0.0/11" } },
        { "Pool", Good with { Pool = "10.0.0.0/31" } },
        { "Pool", Good with { Pool = "224.0.0.0/16" } },
        { "Allow", Good with { Allow = ["10.1.0.0/16:tcp/0"] } },
        { "Routes", Good with { Routes = ["10.1.0.0"  + "/33"] } },
        { "Routes", Good with { Routes = ["10.64.1.0/24"] } },
        { "Routes", Good with { Routes = [.. Enumerable.Repeat("10.1.0.0/16", 257)] } },
        { "DnsServers", Good with { DnsServers = ["dns"] } },
        { "DnsServers", Good with { DnsServers = [.. Enumerable.Repeat("10.1.0.53", 9)] } },
        { "DnsDomains", Good with { DnsDomains = ["a b"] } },
        { "DnsDomains", Good with { DnsDomains = [.. Enumerable.Repeat("a", 33)] } },
        { "MtuBytes", Good with { MtuBytes = 575 } },
        { "MaxTunnels", Good with { MaxTunnels = 0 } },
        { "DeviceCertificateValidity", Good with { DeviceCertificateValidity = TimeSpan.FromHours(23) } },
        { "TUN name", Good with { TunName = "a/b" } },
    };

    [Fact]
    public void Validate_Good_Passes() => NodeOptionsValidator.Validate(Good);

    [Theory]
    [MemberData(nameof(Bad))]
    public void Validate_OutOfBounds_NamesTheOption(string named, NodeOptions options) => Assert.Contains(
        named, Assert.Throws<ArgumentException>(() => NodeOptionsValidator.Validate(options)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_AllowWithoutRoutes_RoutesAreWhatIsAllowed() => Assert.Equal(
        ["10.1.0.0/16", "10.2.0.0/16"],
        NodeOptionsValidator.Parse(Good with { Routes = [], Allow = ["10.1.0.0/16:tcp/80", "!10.3.0.0/16", "10.2.0.0/16", "10.1.0.0/16:udp/53"] })
            .Routes.Select(route => route.ToString()));
}
