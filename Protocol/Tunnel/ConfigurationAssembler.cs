using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>Puts the parts of a configuration together at the device. Holds at most <see cref="TunnelLimits.PartsMax"/> parts of one record each.</summary>
internal sealed class ConfigurationAssembler
{
    private Configuration?[] _parts = [];
    private int _received;

    /// <summary>Takes one part; a repeated part counts once.</summary>
    /// <param name="part">As decoded.</param>
    /// <param name="mtuBytesMax">The MTU that the device asked for.</param>
    /// <param name="configuration">The whole, once every part is there.</param>
    /// <param name="detail">Words that name the fault.</param>
    /// <returns><see cref="Reason.None"/>, or why the tunnel can't go on.</returns>
    public Reason Add(Configuration part, int mtuBytesMax, out TunnelConfiguration? configuration, out string detail)
    {
        configuration = null;
        detail = "";
        if (part.Version != TunnelLimits.Version)
        {
            detail = $"the node answered with version {part.Version} of the configuration";
            return Reason.UnsupportedVersion;
        }

        var count = Math.Max(part.Parts, 1);
        if (count > TunnelLimits.PartsMax || part.Part >= count || (_parts.Length != 0 && count != _parts.Length))
        {
            detail = $"part {part.Part} of {part.Parts} of the configuration is out of its range (at most {TunnelLimits.PartsMax})";
            return Reason.MalformedFrame;
        }

        _parts = _parts.Length == 0 ? new Configuration?[count] : _parts;
        if (_parts[part.Part] is null)
        {
            _parts[part.Part] = part;
            _received++;
        }

        if (_received < _parts.Length)
        {
            return Reason.None;
        }

        var fault = TryJoin(mtuBytesMax, out configuration);
        detail = fault is null ? "" : "the configuration is malformed: " + fault;
        return fault is null ? Reason.None : Reason.MalformedFrame;
    }

    private string? TryJoin(int mtuBytesMax, out TunnelConfiguration? configuration)
    {
        configuration = null;
        List<Ipv4Prefix> routes = [];
        List<Ipv4Address> servers = [];
        List<string> domains = [];
        foreach (var part in _parts)
        {
            // Counts come first: nothing is parsed that would not be used.
            if (routes.Count + part!.Routes.Count > TunnelLimits.RoutesMax
                || servers.Count + part.DnsServers.Count > TunnelLimits.DnsServersMax
                || domains.Count + part.DnsDomains.Count > TunnelLimits.DnsDomainsMax)
            {
                return $"more than {TunnelLimits.RoutesMax} routes, {TunnelLimits.DnsServersMax} dns_servers or {TunnelLimits.DnsDomainsMax} dns_domains";
            }

            foreach (var text in part.Routes)
            {
                if (!Ipv4Prefix.TryParse(text, out var route, out _))
                {
                    return "routes has an entry that is no network";
                }

                routes.Add(route);
            }

            foreach (var text in part.DnsServers)
            {
                if (!Ipv4Address.TryParse(text, out var server))
                {
                    return "dns_servers has an entry that is no address";
                }

                servers.Add(server);
            }

            domains.AddRange(part.DnsDomains);
        }

        return TryFinish(_parts[0]!, mtuBytesMax, routes, servers, domains, out configuration);
    }

    private static string? TryFinish(
        Configuration first,
        int mtuBytesMax,
        List<Ipv4Prefix> routes,
        List<Ipv4Address> servers,
        List<string> domains,
        out TunnelConfiguration? configuration)
    {
        configuration = null;
        if (first.PrefixLength > 32 || first.MtuBytes > mtuBytesMax)
        {
            return $"prefix_length {first.PrefixLength} is above 32, or mtu_bytes {first.MtuBytes} above the {mtuBytesMax} asked for";
        }

        var candidate = new TunnelConfiguration
        {
            Address = new Ipv4Address(first.Address),
            PrefixLength = (int)first.PrefixLength,
            NodeAddress = new Ipv4Address(first.NodeAddress),
            Routes = routes,
            DnsServers = servers,
            DnsDomains = domains,
            MtuBytes = (int)first.MtuBytes,
            NodeName = first.NodeName,
        };
        var fault = candidate.FindFault();
        configuration = fault is null ? candidate : null;
        return fault;
    }
}
