using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Node;

/// <summary>Settings of a node; read once at start and checked by <see cref="NodeOptionsValidator"/>.</summary>
public sealed record NodeOptions
{
    /// <summary>The directory that <c>uem node init</c> made.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Addresses for devices, of /12 to /30; the node takes the first one. Default 10.64.0.0/16.</summary>
    public string Pool { get; init; } = "10.64.0.0/16";

    /// <summary>
    /// What devices may reach, as CIDR[:protocol[/ports]], the first match decides; "!" before it denies. Empty: everything that <see cref="Routes"/> names.
    /// </summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>What devices send into the tunnel, as CIDR, at most 256. Empty: the prefixes that <see cref="Allow"/> allows.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    /// <summary>DNS servers for devices, at most 8; they may be reached on port 53 without a rule of their own, and need a route.</summary>
    public IReadOnlyList<string> DnsServers { get; init; } = [];

    /// <summary>Domains that those servers are asked for, at most 32; empty: all.</summary>
    public IReadOnlyList<string> DnsDomains { get; init; } = [];

    /// <summary>By what packets reach the network. Default <see cref="NodeEgressKind.Auto"/>.</summary>
    public NodeEgressKind Egress { get; init; }

    /// <summary>Packets leave under the node's own address (nftables masquerade). Off: the network must route the pool to the node. Default off; always on with <see cref="NodeEgressKind.User"/>.</summary>
    public bool IsNatEnabled { get; init; }

    /// <summary>Devices may reach each other through the node. Default off.</summary>
    public bool IsDeviceToDeviceAllowed { get; init; }

    /// <summary>The TUN's name, at most 15 bytes. Default uemnode%d: the kernel puts a number.</summary>
    public string TunName { get; init; } = "uemnode%d";

    /// <summary>MTU of the TUN in bytes, 576 to 9000. Default 1399: the sum is in Protocol/README.md.</summary>
    public int MtuBytes { get; init; } = TunnelLimits.MtuBytesDefault;

    /// <summary>Whether data goes over UDP where it gets through to the relay. Default on.</summary>
    public bool UsesUdp { get; init; } = true;

    /// <summary>Tunnels that the node carries, 1 to 100,000, handshakes included. Default 4096: 45 KB of libssl each are 190 MB.</summary>
    public int MaxTunnels { get; init; } = 4_096;

    /// <summary>Validity of the certificates that devices get, 1 to 1,825 days. Default 365 days.</summary>
    public TimeSpan DeviceCertificateValidity { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Other relay addresses than the invitation's, tried in turn.</summary>
    public IReadOnlyList<RelayAddress> Relays { get; init; } = [];
}
