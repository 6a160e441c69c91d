using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node.Egress;

/// <summary>Opens the way into the organisation's network.</summary>
/// <param name="settings">The node's settings.</param>
/// <param name="nodeAddress">The node's address in the pool.</param>
/// <param name="metrics">Counts drops.</param>
/// <param name="time">The clock.</param>
internal delegate INodeEgress OpenNodeEgress(NodeSettings settings, Ipv4Address nodeAddress, NodeMetrics metrics, TimeProvider time);
