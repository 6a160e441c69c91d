using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>Tells flows apart well enough to keep the order within each: packets of one flow always have one number, those of two nearly always two.</summary>
public static class FlowHash
{
    /// <summary>The number of a packet's flow: addresses, protocol and ports; without ports where a packet has none or only its first fragment would.</summary>
    /// <param name="packet">Any bytes; what is no IPv4 packet is all one flow.</param>
    /// <param name="bits">Bits of the number, 1 to 31.</param>
    public static int Of(ReadOnlySpan<byte> packet, int bits)
    {
        if (packet.Length < Ipv4Packet.HeaderBytesMin || packet[0] >> 4 != 4)
        {
            return 0;
        }

        byte protocol = packet[Ipv4Header.ProtocolOffset];
        bool hasPorts = protocol is (byte)IpProtocolNumber.Tcp or (byte)IpProtocolNumber.Udp
            && (packet[0] & 0xF) * 4 == Ipv4Packet.HeaderBytesMin
            && packet.Length >= Ipv4Packet.HeaderBytesMin + sizeof(uint)
            && (BinaryPrimitives.ReadUInt16BigEndian(packet[Ipv4Header.FragmentOffset..]) & Ipv4Header.FragmentMask) == 0;
        FlowKey key = hasPorts
            ? FlowKey.Read(packet)
            : new FlowKey(BinaryPrimitives.ReadUInt64BigEndian(packet[Ipv4Header.SourceOffset..]), protocol);
        return key.Slot(bits);
    }
}
