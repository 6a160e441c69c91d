using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Tests.Protocol.Tunnel;

internal static class TunnelSamples
{
    public static TunnelConfiguration Small { get; } = new()
    {
        Address = Ipv4Address.Parse("10.64.0.2"),
        PrefixLength = 16,
        NodeAddress = Ipv4Address.Parse("10.64.0.1"),
        Routes = [Ipv4Prefix.Parse("10.1.0.0/16"), Ipv4Prefix.Parse("192.0.2.7")],
        DnsServers = [Ipv4Address.Parse("10.1.0.53")],
        DnsDomains = ["corp.example"],
        MtuBytes = 1_370,
        NodeName = "node-1",
    };

    /// <summary>Every list at its limit, every entry at its longest.</summary>
    public static TunnelConfiguration Largest { get; } = Small with
    {
        Routes = [.. Enumerable.Range(0, TunnelLimits.RoutesMax).Select(i => Ipv4Prefix.Parse($"192.168.{i}.128/25"))],
        DnsServers = [.. Enumerable.Range(101, TunnelLimits.DnsServersMax).Select(i => Ipv4Address.Parse($"192.168.100.{i}"))],
        DnsDomains = [.. Enumerable.Range(10, TunnelLimits.DnsDomainsMax).Select(LongDomain)],
        MtuBytes = TunnelLimits.MtuBytesMin,
        NodeName = new string('n', 63),
    };

    public static List<TunnelEffect> TakeAll(this TunnelMachine machine)
    {
        List<TunnelEffect> effects = [];
        while (machine.TryTakeEffect(out var effect))
        {
            effects.Add(effect);
        }

        return effects;
    }

    // Three labels of 63 characters, three dots and one of 61 are the 253 that a domain may have.
    private static string LongDomain(int number) =>
        string.Concat(Enumerable.Repeat(new string('d', 63) + '.', 3)) + new string('d', 59) + number;
}
