using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node;

/// <summary><see cref="NodeOptions"/> after parsing: every value is within its bounds.</summary>
internal sealed record NodeSettings
{
    public required NodeOptions Options { get; init; }

    public required Ipv4Prefix Pool { get; init; }

    public required DestinationPolicy Policy { get; init; }

    public required IReadOnlyList<Ipv4Prefix> Routes { get; init; }

    public required IReadOnlyList<Ipv4Address> DnsServers { get; init; }
}
