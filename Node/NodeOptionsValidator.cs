using System.Globalization;
using OrleansUem.Agent.Tun;
using OrleansUem.Node.Addressing;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Node;

/// <summary>Checks <see cref="NodeOptions"/>. The error names the option, its value and the bound.</summary>
public static class NodeOptionsValidator
{
    internal const int MaxTunnelsMax = 100_000;

    /// <summary>Throws when an option is out of its bounds.</summary>
    /// <exception cref="ArgumentException">The message is for the operator.</exception>
    public static void Validate(NodeOptions options) => Parse(options);

    internal static NodeSettings Parse(NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(!string.IsNullOrWhiteSpace(options.StateDirectory), nameof(options.StateDirectory), options.StateDirectory, "a directory");
        new TunOptions { Name = options.TunName, MtuBytes = TunOptions.MtuBytesMin }.Validate();
        Require(
            options.MtuBytes is >= TunnelLimits.MtuBytesMin and <= TunnelLimits.MtuBytesMax,
            nameof(options.MtuBytes), options.MtuBytes, $"{TunnelLimits.MtuBytesMin} to {TunnelLimits.MtuBytesMax} bytes");
        Require(options.MaxTunnels is >= 1 and <= MaxTunnelsMax, nameof(options.MaxTunnels), options.MaxTunnels, $"1 to {MaxTunnelsMax}");
        Require(
            options.DeviceCertificateValidity.TotalDays is >= 1 and <= 1_825,
            nameof(options.DeviceCertificateValidity), options.DeviceCertificateValidity, "1 to 1825 days");
        Require(Ipv4Prefix.TryParse(options.Pool, out var pool, out var error), nameof(options.Pool), options.Pool, $"a network: {error}");
        Require(
            pool.Length is >= AddressPool.PrefixLengthMin and <= AddressPool.PrefixLengthMax && pool.Network.IsUnicastHost,
            nameof(options.Pool), pool, $"a network of hosts of /{AddressPool.PrefixLengthMin} to /{AddressPool.PrefixLengthMax}");

        var servers = ParseServers(options);
        var routes = ParseRoutes(options, pool);
        foreach (var domain in options.DnsDomains)
        {
            Require(TunnelConfiguration.IsDomain(domain), nameof(options.DnsDomains), domain, "a domain name");
        }

        Require(
            options.DnsDomains.Count <= TunnelLimits.DnsDomainsMax,
            nameof(options.DnsDomains), options.DnsDomains.Count, $"at most {TunnelLimits.DnsDomainsMax} domains");
        return new NodeSettings
        {
            Options = options,
            Pool = pool,
            Policy = ParsePolicy(options, routes, servers),
            Routes = routes,
            DnsServers = servers,
        };
    }

    private static List<Ipv4Address> ParseServers(NodeOptions options)
    {
        List<Ipv4Address> servers = [];
        foreach (var text in options.DnsServers)
        {
            Require(Ipv4Address.TryParse(text, out var server) && server.IsUnicastHost, nameof(options.DnsServers), text, "an IPv4 address of a host");
            servers.Add(server);
        }

        Require(
            servers.Count <= TunnelLimits.DnsServersMax, nameof(options.DnsServers), servers.Count, $"at most {TunnelLimits.DnsServersMax} servers");
        return servers;
    }

    private static List<Ipv4Prefix> ParseRoutes(NodeOptions options, Ipv4Prefix pool)
    {
        List<Ipv4Prefix> routes = [];
        foreach (var text in options.Routes)
        {
            Require(Ipv4Prefix.TryParse(text, out var route, out var error), nameof(options.Routes), text, $"a network: {error}");
            routes.Add(route);
        }

        if (routes.Count == 0)
        {
            // A bad rule is reported with the policy.
            routes.AddRange(options.Allow
                .Select(text => DestinationRule.TryParse(text, out var rule, out _) ? rule : null)
                .Where(rule => rule is { IsAllow: true })
                .Select(rule => rule!.Prefix)
                .Distinct());
        }

        Require(routes.Count <= TunnelLimits.RoutesMax, nameof(options.Routes), routes.Count, $"at most {TunnelLimits.RoutesMax} networks");
        foreach (var route in routes)
        {
            Require(!pool.Contains(route), nameof(options.Routes), route, $"outside of the pool {pool}");
        }

        return routes;
    }

    // The DNS servers that the node itself hands out can be asked whatever the rules say about the rest of their hosts.
    private static DestinationPolicy ParsePolicy(NodeOptions options, List<Ipv4Prefix> routes, List<Ipv4Address> servers)
    {
        var rules = servers.SelectMany(server => new[] { $"{server}:udp/53", $"{server}:tcp/53" })
            .Concat(options.Allow.Count > 0 ? options.Allow : routes.Select(route => route.ToString()));
        Require(DestinationPolicy.TryParse(rules, out var policy, out var error), nameof(options.Allow), string.Join(' ', options.Allow), $"a list of rules: {error}");
        return policy!;
    }

    // The words of the command line, for the person who typed them.
    private static string Flag(string option) => option switch
    {
        nameof(NodeOptions.StateDirectory) => "--state",
        nameof(NodeOptions.Pool) => "--pool",
        nameof(NodeOptions.Routes) => "--route",
        nameof(NodeOptions.Allow) => "--allow",
        nameof(NodeOptions.DnsServers) => "--dns",
        nameof(NodeOptions.DnsDomains) => "--dns-domain",
        nameof(NodeOptions.MtuBytes) => "--mtu",
        nameof(NodeOptions.MaxTunnels) => "--max-tunnels",
        _ => option,
    };

    private static void Require(bool isGood, string option, object? value, string bound)
    {
        if (!isGood)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{Flag(option)} (the node's option {option}) is '{value}'; it must be {bound}."));
        }
    }
}
