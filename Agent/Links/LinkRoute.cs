using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Links;

/// <summary>
/// One IPv4 route through a link. The kernel identifies a route by destination, metric and table, so two routes that differ
/// in nothing else replace each other.
/// </summary>
public sealed record LinkRoute(Ipv4Prefix Destination)
{
    /// <summary>RT_TABLE_MAIN.</summary>
    public const uint MainTable = 254;

    /// <summary>The next router, which must be reachable on the link; null when the destination is on the link itself.</summary>
    public Ipv4Address? Via { get; init; }

    /// <summary>Among routes to one destination the lowest metric wins. Default 0, the strongest.</summary>
    public uint Metric { get; init; }

    /// <summary>Routing table, 1 to 2^32-1. Other tables than main need a rule (ip rule) to be looked at.</summary>
    public uint Table { get; init; } = MainTable;

    /// <summary>Source address of packets that this host originates over the route; null lets the kernel choose.</summary>
    public Ipv4Address? PreferredSource { get; init; }

    /// <summary>MTU of this route in bytes when it is below the link's; null for the link's.</summary>
    public int? MtuBytes { get; init; }

    public override string ToString()
    {
        string via = Via is { } router ? $" via {router}" : "";
        string metric = Metric == 0 ? "" : $" metric {Metric}";
        string table = Table == MainTable ? "" : $" table {Table}";
        return $"{Destination}{via}{metric}{table}";
    }
}
