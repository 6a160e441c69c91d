using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Tunnels;

/// <summary>Totals of a tunnel as the device sees them.</summary>
internal readonly record struct TunnelUsage(
    ulong FramesFromDevice, ulong BytesFromDevice, ulong FramesToDevice, ulong BytesToDevice, ulong Dropped, bool? IsDeviceOverUdp = null, bool? IsNodeOverUdp = null)
{
    /// <summary>How data reaches the device, for the inventory; empty before the first report.</summary>
    internal string DevicePath => Name(IsDeviceOverUdp);

    /// <summary>How data reaches the node.</summary>
    internal string NodePath => Name(IsNodeOverUdp);

    /// <summary>Totals only grow; the two sides report at different times and the larger figure is the later one.</summary>
    internal TunnelUsage With(LeaseUsage report) => report.IsDeviceSide
        ? Max(report.FramesIn, report.BytesIn, report.FramesOut, report.BytesOut, report.Dropped) with { IsDeviceOverUdp = report.IsOverUdp }
        : Max(report.FramesOut, report.BytesOut, report.FramesIn, report.BytesIn, report.Dropped) with { IsNodeOverUdp = report.IsOverUdp };

    private TunnelUsage Max(ulong framesFrom, ulong bytesFrom, ulong framesTo, ulong bytesTo, ulong dropped) => new(
        Math.Max(FramesFromDevice, framesFrom),
        Math.Max(BytesFromDevice, bytesFrom),
        Math.Max(FramesToDevice, framesTo),
        Math.Max(BytesToDevice, bytesTo),
        Math.Max(Dropped, dropped),
        IsDeviceOverUdp,
        IsNodeOverUdp);

    private static string Name(bool? isOverUdp) => isOverUdp switch { null => "", true => "udp", false => "tcp" };
}
