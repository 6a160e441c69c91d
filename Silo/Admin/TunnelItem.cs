namespace OrleansUem.Silo.Admin;

/// <summary>The newest tunnel of a device in the lists.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Device">The device.</param>
/// <param name="TunnelId">The tunnel.</param>
/// <param name="Phase"><c>Closed</c>, <c>Opening</c>, <c>Open</c> or <c>Recalled</c>.</param>
/// <param name="Node">The node.</param>
/// <param name="FramesUp">Frames from the device, as last reported by its edge.</param>
/// <param name="BytesUp">Bytes from the device.</param>
/// <param name="FramesDown">Frames to the device.</param>
/// <param name="BytesDown">Bytes to the device.</param>
/// <param name="Dropped">Frames dropped.</param>
/// <param name="EndReason">Why it ended; empty while it has not.</param>
/// <param name="At">When it was so.</param>
/// <param name="DevicePath">How data reaches the device, as last reported by its edge: <c>udp</c>, <c>tcp</c>, or empty before the first report.</param>
/// <param name="NodePath">The same for the node.</param>
public sealed record TunnelItem(
    string Tenant,
    string Device,
    ulong TunnelId,
    string Phase,
    string Node,
    long FramesUp,
    long BytesUp,
    long FramesDown,
    long BytesDown,
    long Dropped,
    string EndReason,
    DateTimeOffset At,
    string DevicePath,
    string NodePath);
