using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>One thing to do.</summary>
internal sealed record DeviceTunnelEffect(DeviceTunnelEffectKind Kind)
{
    public uint RequestId { get; init; }

    public Channel Channel { get; init; }

    public string Node { get; init; } = "";

    public ulong TunnelId { get; init; }

    public Reason Reason { get; init; }

    public string Detail { get; init; } = "";

    public TimeSpan RetryIn { get; init; }
}
