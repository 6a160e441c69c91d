using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Device.Network;

/// <summary>Which of a node's routes a device takes. Pure.</summary>
internal static class RoutePlan
{
    /// <summary>
    /// A route of at most this length is as good as a default route: two of length 1 are all addresses.
    /// </summary>
    public const int DefaultRouteLengthMax = 1;

    private static readonly Ipv4Prefix Loopback = Ipv4Prefix.Parse("127.0.0.0/8");
    private static readonly Ipv4Prefix LinkLocal = Ipv4Prefix.Parse("169.254.0.0/16");
    private static readonly Ipv4Prefix Multicast = Ipv4Prefix.Parse("224.0.0.0/3");

    /// <summary>Judges the routes.</summary>
    /// <param name="configuration">What the node gave.</param>
    /// <param name="acceptsDefault">Whether the person allowed a default route.</param>
    /// <param name="skipped">A line for each route that is not taken.</param>
    /// <returns>What to set, the node's own address and its name servers included; a default route is split in two, which win over the system's without touching it.</returns>
    public static IReadOnlyList<Ipv4Prefix> Choose(TunnelConfiguration configuration, bool acceptsDefault, ICollection<string> skipped)
    {
        var chosen = new List<Ipv4Prefix> { Ipv4Prefix.Around(configuration.NodeAddress, 32) };
        foreach (var route in configuration.Routes)
        {
            if (route.Length <= DefaultRouteLengthMax)
            {
                if (!acceptsDefault)
                {
                    skipped.Add($"Route {route} is not taken: it would send everything through the organisation. Allow it with --accept-default-route.");
                    continue;
                }

                chosen.AddRange(route.Length == 0 ? [Ipv4Prefix.Parse("0.0.0.0/1"), Ipv4Prefix.Parse("128.0.0.0/1")] : [route]);
            }
            else if (Loopback.Overlaps(route) || LinkLocal.Contains(route) || Multicast.Overlaps(route))
            {
                skipped.Add($"Route {route} is not taken: it is no network of hosts.");
            }
            else
            {
                chosen.Add(route);
            }
        }

        // Asked outside of the tunnel, a name server would tell the names to whoever is on the way, and find none.
        chosen.AddRange(configuration.DnsServers.Where(server => !chosen.Any(route => route.Contains(server))).Select(server => Ipv4Prefix.Around(server, 32)));
        return [.. chosen.Distinct()];
    }
}
