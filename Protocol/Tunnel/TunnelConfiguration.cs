using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>
/// What a node gives a device for one tunnel. Travels only inside the end-to-end DTLS, so neither an edge nor a silo can read or change it.
/// A value of this type has passed <see cref="FindFault"/>.
/// </summary>
public sealed record TunnelConfiguration
{
    /// <summary>The device's address in the tunnel.</summary>
    public required Ipv4Address Address { get; init; }

    /// <summary>Prefix length of the pool that <see cref="Address"/> is from, 0..32.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>The node's own address in the pool; answers ping.</summary>
    public required Ipv4Address NodeAddress { get; init; }

    /// <summary>Destinations that the device sends into the tunnel; at most <see cref="TunnelLimits.RoutesMax"/>.</summary>
    public IReadOnlyList<Ipv4Prefix> Routes { get; init; } = [];

    /// <summary>DNS servers behind the node, best first; at most <see cref="TunnelLimits.DnsServersMax"/>.</summary>
    public IReadOnlyList<Ipv4Address> DnsServers { get; init; } = [];

    /// <summary>Domains whose names those servers are asked for; none with servers: all names. At most <see cref="TunnelLimits.DnsDomainsMax"/>.</summary>
    public IReadOnlyList<string> DnsDomains { get; init; } = [];

    /// <summary>MTU of the TUN at both ends, <see cref="TunnelLimits.MtuBytesMin"/>..<see cref="TunnelLimits.MtuBytesMax"/>.</summary>
    public int MtuBytes { get; init; } = TunnelLimits.MtuBytesDefault;

    /// <summary>The node's name, for people.</summary>
    public required string NodeName { get; init; }

    /// <summary>Checks every field against its range.</summary>
    /// <returns>Words that name field, value and bound; null when there is no fault.</returns>
    public string? FindFault()
    {
        if (!Address.IsUnicastHost || !NodeAddress.IsUnicastHost || Address == NodeAddress)
        {
            return $"address {Address} and node_address {NodeAddress} must be two addresses of hosts";
        }

        if (PrefixLength is < 0 or > 32)
        {
            return $"prefix_length {PrefixLength} is not 0..32";
        }

        if (MtuBytes is < TunnelLimits.MtuBytesMin or > TunnelLimits.MtuBytesMax)
        {
            return $"mtu_bytes {MtuBytes} is not {TunnelLimits.MtuBytesMin}..{TunnelLimits.MtuBytesMax}";
        }

        if (!NameRules.IsName(NodeName))
        {
            return "node_name is not a name";
        }

        return FindFaultInLists();
    }

    /// <summary>Whether <paramref name="text"/> is a domain that may stand in <see cref="DnsDomains"/>: labels of letters, digits, '-' and '_' (RFC 1035 §2.3.1).</summary>
    /// <param name="text">The candidate.</param>
    /// <returns>True when it is.</returns>
    public static bool IsDomain(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > TunnelLimits.DnsDomainCharactersMax)
        {
            return false;
        }

        var labelCharacters = 0;
        foreach (var c in text)
        {
            if (c == '.' ? labelCharacters == 0 : !(char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || labelCharacters == 63)
            {
                return false;
            }

            labelCharacters = c == '.' ? 0 : labelCharacters + 1;
        }

        return labelCharacters > 0;
    }

    private string? FindFaultInLists()
    {
        if (Routes.Count > TunnelLimits.RoutesMax)
        {
            return $"routes has {Routes.Count} entries, more than {TunnelLimits.RoutesMax}";
        }

        if (DnsServers.Count > TunnelLimits.DnsServersMax)
        {
            return $"dns_servers has {DnsServers.Count} entries, more than {TunnelLimits.DnsServersMax}";
        }

        if (DnsDomains.Count > TunnelLimits.DnsDomainsMax)
        {
            return $"dns_domains has {DnsDomains.Count} entries, more than {TunnelLimits.DnsDomainsMax}";
        }

        foreach (var server in DnsServers)
        {
            if (!server.IsUnicastHost)
            {
                return $"dns_servers has {server}, which is no host";
            }
        }

        foreach (var domain in DnsDomains)
        {
            if (!IsDomain(domain))
            {
                return "dns_domains has an entry that is no domain";
            }
        }

        return null;
    }
}
