namespace OrleansUem.Protocol.Packets;

/// <summary>Names one direction of a flow (RFC 6146 §2): both addresses, the protocol and, for TCP and UDP, both ports.</summary>
/// <param name="Source">The sender.</param>
/// <param name="Destination">The receiver.</param>
/// <param name="Protocol">The payload's protocol.</param>
/// <param name="SourcePort">0 when the protocol has no ports.</param>
/// <param name="DestinationPort">0 when the protocol has no ports.</param>
public readonly record struct FiveTuple(
    Ipv4Address Source, Ipv4Address Destination, IpProtocolNumber Protocol, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>The tuple of the answers.</summary>
    public FiveTuple Reverse() => new(Destination, Source, Protocol, DestinationPort, SourcePort);

    /// <summary>For example <c>Tcp 10.0.0.1:40000 -> 10.0.0.2:443</c>.</summary>
    public override string ToString() => $"{Protocol} {Source}:{SourcePort} -> {Destination}:{DestinationPort}";
}
