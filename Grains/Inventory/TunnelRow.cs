using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Inventory;

/// <summary>The newest tunnel of a device.</summary>
public sealed record TunnelRow : InventoryRow
{
    public required string TenantId { get; init; }

    public required string DeviceId { get; init; }

    public required ulong TunnelId { get; init; }

    public required TunnelPhase Phase { get; init; }

    public string NodeId { get; init; } = "";

    public ulong FramesFromDevice { get; init; }

    public ulong BytesFromDevice { get; init; }

    public ulong FramesToDevice { get; init; }

    public ulong BytesToDevice { get; init; }

    public ulong Dropped { get; init; }

    /// <summary>How data reaches the device: <c>udp</c>, <c>tcp</c>, or empty before the first report.</summary>
    public string DevicePath { get; init; } = "";

    /// <summary>The same for the node.</summary>
    public string NodePath { get; init; } = "";

    /// <summary>None while the tunnel has not ended.</summary>
    public Reason EndReason { get; init; }

    public override ulong Version => TunnelId;

    public override string Key => "tunnel/" + TenantId + "/" + DeviceId;
}
