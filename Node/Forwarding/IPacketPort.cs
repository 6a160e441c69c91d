using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Forwarding;

/// <summary>A device's tunnel as the forwarder sees it.</summary>
internal interface IPacketPort
{
    /// <summary>The address that the device was given; packets with another source are dropped.</summary>
    Ipv4Address Address { get; }

    /// <summary>The largest packet that was agreed on.</summary>
    int MtuBytes { get; }

    /// <summary>Later fragments that follow a permitted first one; used by the tunnel's reader only.</summary>
    PermittedFragments Fragments { get; }

    /// <summary>Bounds the ICMP errors to this device; used by the tunnel's reader only.</summary>
    RateLimit IcmpLimit { get; }

    DropReason SendPacket(ReadOnlySpan<byte> packet);
}
