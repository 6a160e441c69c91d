using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Forwarding;

/// <summary>A device's tunnel as the forwarder sees it.</summary>
internal interface IPacketPort
{
    /// <summary>The address that the device was given; packets with another source are dropped.</summary>
    Ipv4Address Address { get; }

    /// <summary>The largest packet that was agreed on.</summary>
    int MtuBytes { get; }

    /// <summary>What the policy has let pass; used by the tunnel's reader only.</summary>
    PermittedTraffic Permitted { get; }

    /// <summary>Bounds the ICMP errors to this device; used by the tunnel's reader only.</summary>
    TokenBucket IcmpLimit { get; }

    /// <summary>Seals a packet to the device into a batch that the caller flushes.</summary>
    /// <returns>Unspecified, or why it was dropped.</returns>
    DropReason SendPacket(ReadOnlySpan<byte> packet, SendBatch batch);

    /// <summary>Seals packets of one flow to the device into a batch that the caller flushes, as many as go into one record.</summary>
    /// <param name="packets">Its current packet is the first; afterwards the first that was not taken, empty when all were.</param>
    /// <param name="batch">The caller's.</param>
    /// <param name="taken">What was taken.</param>
    /// <returns>Unspecified, or why they were dropped.</returns>
    DropReason SendPackets(scoped ref PacketSegmenter packets, SendBatch batch, out TakenPackets taken);
}
