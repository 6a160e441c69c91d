using OrleansUem.Agent.Identity;
using OrleansUem.Device.Names;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>Settings of a device agent; read once at start.</summary>
public sealed record DeviceOptions
{
    /// <summary>The state directory that the enrolment made.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Name of the TUN interface. Default uem0.</summary>
    public string TunName { get; init; } = "uem0";

    /// <summary>
    /// The largest packet that the tunnel may carry, in bytes, <see cref="TunnelLimits.MtuBytesMin"/>..<see cref="TunnelLimits.MtuBytesMax"/>; the node may
    /// lower it. Default <see cref="TunnelLimits.MtuBytesDefault"/>: fits PPPoE and IPv6 on both hops.
    /// </summary>
    public int MtuBytes { get; init; } = TunnelLimits.MtuBytesDefault;

    /// <summary>
    /// Whether the node may take all traffic (0.0.0.0/0). Default false: the routes of an organisation's network, not the whole internet. WARNING: with true the
    /// organisation sees where everything on this machine goes.
    /// </summary>
    public bool AcceptsDefaultRoute { get; init; }

    /// <summary>Whether data goes over UDP where it gets through to the relay. Default true.</summary>
    public bool UsesUdp { get; init; } = true;

    /// <summary>What may be done to this machine's name resolution. Default <see cref="NameMode.Auto"/>. Without meaning for one app, which has its own.</summary>
    public NameMode Names { get; init; } = NameMode.Auto;

    /// <summary>Ask for this node; null: any of the tenant's.</summary>
    public string? Node { get; init; }

    /// <summary>Other relay addresses than those of the enrolment; empty: those.</summary>
    public IReadOnlyList<RelayAddress> Relays { get; init; } = [];

    /// <summary>What node and relay are told when the agent is cancelled. Default <see cref="Reason.ClosedByDevice"/>.</summary>
    public Reason EndReason { get; init; } = Reason.ClosedByDevice;

    /// <summary>Name and version for the installation's inventory.</summary>
    public string Software { get; init; } = "uem-device/0.1";

    /// <summary>Throws when an option is out of its range, naming option, value and bound.</summary>
    /// <exception cref="DeviceFatalException">The text is for the person who typed it.</exception>
    public void Validate() => DeviceOptionsValidator.Validate(this);
}
