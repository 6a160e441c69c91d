using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Tunnels;

/// <summary>What is stored of a device's tunnel: enough to know its leases again after a silo's death.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.Tunnel")]
public sealed record TunnelState
{
    /// <summary>The newest tunnel id that an edge may have heard of; 0: none.</summary>
    [Id(0)] public ulong LastTunnelId { get; init; }

    [Id(1)] public string NodeId { get; init; } = "";

    [Id(2)] public SessionKey? DeviceSession { get; init; }

    [Id(3)] public SessionKey? NodeSession { get; init; }

    /// <summary>The newest tunnel id that ended; the tunnel may live while this is below <see cref="LastTunnelId"/>.</summary>
    [Id(4)] public ulong EndedTunnelId { get; init; }

    /// <summary>The number of the reason of that end.</summary>
    [Id(5)] public int EndReasonCode { get; init; }
}
