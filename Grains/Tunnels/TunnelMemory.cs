using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Tunnels;

/// <summary>The machine's whole state: what is stored and what an activation knows beside it.</summary>
internal sealed record TunnelMemory
{
    internal required TunnelState Stored { get; init; }

    internal TunnelPhase Phase { get; init; }

    /// <summary>The OPEN of the newest tunnel; null after an activation.</summary>
    internal TunnelOpen? Request { get; init; }

    /// <summary>Its answer; null while Opening.</summary>
    internal TunnelOpenResult? Answer { get; init; }

    /// <summary>When the device's edge stops forwarding unless it renews, with a margin.</summary>
    internal DateTimeOffset DeviceUntil { get; init; }

    /// <summary>The same of the node's edge.</summary>
    internal DateTimeOffset NodeUntil { get; init; }

    internal TunnelUsage Usage { get; init; }
}
