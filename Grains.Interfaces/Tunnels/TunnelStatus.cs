using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>What an administrator sees of a tunnel.</summary>
[GenerateSerializer, Immutable, Alias("uem.TunnelStatus")]
public sealed record TunnelStatus
{
    /// <summary>Where it is.</summary>
    [Id(0)] public TunnelPhase Phase { get; init; }

    /// <summary>The newest tunnel id; 0 when there never was one.</summary>
    [Id(1)] public ulong TunnelId { get; init; }

    /// <summary>The node of that tunnel.</summary>
    [Id(2)] public string NodeId { get; init; } = "";

    /// <summary>Bytes that the device sent, as last reported.</summary>
    [Id(3)] public ulong BytesFromDevice { get; init; }

    /// <summary>Bytes that went to the device, as last reported.</summary>
    [Id(4)] public ulong BytesToDevice { get; init; }

    /// <summary>The number of <see cref="Reason"/>; why the newest tunnel ended, 0 while it has not.</summary>
    [Id(5)] public int EndReasonCode { get; init; }

    /// <summary>Why the newest tunnel ended.</summary>
    public Reason EndReason { get => (Reason)EndReasonCode; init => EndReasonCode = (int)value; }
}
