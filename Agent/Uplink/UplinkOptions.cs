using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Uplink;

/// <summary>Settings of one uplink.</summary>
public sealed record UplinkOptions
{
    /// <summary>Name and version of this program for the installation's inventory, at most <see cref="AttachClaims.MaxSoftwareCharacters"/> characters.</summary>
    public required string Software { get; init; }

    /// <summary>Other relay addresses than the stored ones, tried in turn; empty: the stored ones.</summary>
    public IReadOnlyList<RelayAddress> Relays { get; init; } = [];

    /// <summary>Bounds of the send queue.</summary>
    public SendQueueLimits Queue { get; init; } = new();

    /// <summary>Limit of TCP for each address of a name. Default 5 s: a name with a dead IPv6 address reaches its IPv4 one in time.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether data goes over UDP when the edge offers it and the network lets it through. Default true.</summary>
    public bool UsesUdp { get; init; } = true;

    /// <summary>
    /// The largest packet of the tunnels, <see cref="TunnelLimits.MtuBytesMin"/>..<see cref="TunnelLimits.MtuBytesMax"/>: UDP is used on a path that carries it. Default
    /// <see cref="TunnelLimits.MtuBytesDefault"/>.
    /// </summary>
    public int MtuBytes { get; init; } = TunnelLimits.MtuBytesDefault;

    /// <summary>Source of the back-off's jitter, uniform in 0..1; null for the process's own.</summary>
    public Func<double>? Jitter { get; init; }
}
