namespace OrleansUem.Agent.Tunnel;

/// <summary>Packets through one tunnel since it began, without headers of ours; a snapshot.</summary>
/// <param name="PacketsSent">From the TUN to the far end.</param>
/// <param name="BytesSent">Bytes of those.</param>
/// <param name="PacketsReceived">From the far end, before the owner's own checks.</param>
/// <param name="BytesReceived">Bytes of those.</param>
public readonly record struct TunnelTotals(long PacketsSent, long BytesSent, long PacketsReceived, long BytesReceived);
