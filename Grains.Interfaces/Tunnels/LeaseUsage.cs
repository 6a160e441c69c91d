using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>What an edge reports of one lease: totals since the lease began. The same fields as LeaseReport in control.proto.</summary>
[GenerateSerializer, Immutable, Alias("uem.LeaseUsage")]
public sealed record LeaseUsage
{
    /// <summary>The tunnel of the lease.</summary>
    [Id(0)] public required ulong TunnelId { get; init; }

    /// <summary>Whether the local end is the device's.</summary>
    [Id(1)] public required bool IsDeviceSide { get; init; }

    /// <summary>Frames from the local end.</summary>
    [Id(2)] public ulong FramesIn { get; init; }

    /// <summary>Bytes from the local end.</summary>
    [Id(3)] public ulong BytesIn { get; init; }

    /// <summary>Frames to the local end.</summary>
    [Id(4)] public ulong FramesOut { get; init; }

    /// <summary>Bytes to the local end.</summary>
    [Id(5)] public ulong BytesOut { get; init; }

    /// <summary>Frames dropped.</summary>
    [Id(6)] public ulong Dropped { get; init; }

    /// <summary>The number of <see cref="Reason"/>; only in a report of an end.</summary>
    [Id(7)] public int ReasonCode { get; init; }

    /// <summary>Whether datagrams to the local end go over UDP; else inside its TLS session. For the inventory.</summary>
    [Id(8)] public bool IsOverUdp { get; init; }

    /// <summary>Why the lease ended; None in a renewal.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
