using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Tests.Protocol.Packets;

/// <summary>Writes IPv4 packets byte by byte, independent of the code under test except for the checksum.</summary>
internal static class PacketBuilder
{
    public static byte[] Udp(string source, string destination, ushort destinationPort, int payloadBytes = 8) =>
        Build(source, destination, 17, 8 + payloadBytes, destinationPort);

    public static byte[] Tcp(string source, string destination, ushort destinationPort, int payloadBytes = 0) =>
        Build(source, destination, 6, 20 + payloadBytes, destinationPort);

    public static byte[] Icmp(string source, string destination, byte type, int payloadBytes = 0)
    {
        byte[] packet = Build(source, destination, 1, 8 + payloadBytes, 0);
        packet[20] = type;
        return packet;
    }

    public static byte[] Fragment(
        string source, string destination, byte protocol, ushort identification, int offsetBytes, bool more, int payloadBytes,
        ushort destinationPort = 0)
    {
        byte[] packet = Build(source, destination, protocol, payloadBytes, offsetBytes == 0 ? destinationPort : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), identification);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)((more ? 0x2000 : 0) | (offsetBytes / 8)));
        return Seal(packet);
    }

    public static byte[] DontFragment(byte[] packet)
    {
        packet[6] |= 0x40;
        return Seal(packet);
    }

    /// <summary>Writes the right header checksum after a change.</summary>
    public static byte[] Seal(byte[] packet)
    {
        packet.AsSpan(10, 2).Clear();
        int headerBytes = Math.Min((packet[0] & 15) * 4, packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Compute(packet.AsSpan(0, headerBytes)));
        return packet;
    }

    private static byte[] Build(string source, string destination, byte protocol, int payloadBytes, ushort destinationPort)
    {
        byte[] packet = new byte[20 + payloadBytes];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = 64;
        packet[9] = protocol;
        Ipv4Address.Parse(source).Write(packet.AsSpan(12));
        Ipv4Address.Parse(destination).Write(packet.AsSpan(16));
        if (protocol is 6 or 17 && payloadBytes >= 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40000);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), destinationPort);
        }

        return Seal(packet);
    }
}
