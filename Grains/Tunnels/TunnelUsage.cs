using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Tunnels;

/// <summary>Totals of a tunnel as the device sees them.</summary>
internal readonly record struct TunnelUsage(
    ulong FramesFromDevice, ulong BytesFromDevice, ulong FramesToDevice, ulong BytesToDevice, ulong Dropped)
{
    /// <summary>Totals only grow; the two sides report at different times and the larger figure is the later one.</summary>
    internal TunnelUsage With(LeaseUsage report) => report.IsDeviceSide
        ? Max(report.FramesIn, report.BytesIn, report.FramesOut, report.BytesOut, report.Dropped)
        : Max(report.FramesOut, report.BytesOut, report.FramesIn, report.BytesIn, report.Dropped);

    private TunnelUsage Max(ulong framesFrom, ulong bytesFrom, ulong framesTo, ulong bytesTo, ulong dropped) => new(
        Math.Max(FramesFromDevice, framesFrom),
        Math.Max(BytesFromDevice, bytesFrom),
        Math.Max(FramesToDevice, framesTo),
        Math.Max(BytesToDevice, bytesTo),
        Math.Max(Dropped, dropped));
}
