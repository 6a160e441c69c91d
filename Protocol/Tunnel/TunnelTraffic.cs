namespace OrleansUem.Protocol.Tunnel;

/// <summary>What has passed since the tunnel began; the data path counts it without the machine, which looks at it now and then.</summary>
/// <param name="Sent">Packets sealed for the far end.</param>
/// <param name="Heard">Records of the far end that authenticated.</param>
public readonly record struct TunnelTraffic(long Sent, long Heard);
