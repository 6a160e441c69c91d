using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Tests.Protocol.Packets;

/// <summary>
/// Super-packets as a kernel hands them to a TUN, and the packets into which they are to be cut: written by the RFCs, field by field and with a checksum of its own, so
/// that it shares nothing with the code under test.
/// </summary>
internal static class SuperPacketBuilder
{
    public const byte Fin = 1;
    public const byte Push = 8;
    public const byte Ack = 0x10;
    public const byte EcnEcho = 0x40;
    public const byte Cwr = 0x80;

    /// <summary>A TCP super-packet with random contents.</summary>
    public static (VirtioNetHeader Offload, byte[] Packet) Tcp(
        Random random, int payloadBytes, int segmentBytes, byte flags = Ack, int tcpOptionBytes = 12, int ipOptionBytes = 0)
    {
        byte[] packet = Ip(random, 6, ipOptionBytes, 20 + tcpOptionBytes + payloadBytes);
        Span<byte> tcp = packet.AsSpan(20 + ipOptionBytes);
        random.NextBytes(tcp);
        tcp[12] = (byte)((20 + tcpOptionBytes) / 4 << 4);
        tcp[13] = flags;
        return (Offload(VirtioSegmentation.Tcp4, packet, 20 + ipOptionBytes, 20 + tcpOptionBytes, 16, segmentBytes), packet);
    }

    /// <summary>A UDP super-packet with random contents.</summary>
    public static (VirtioNetHeader Offload, byte[] Packet) Udp(Random random, int payloadBytes, int segmentBytes)
    {
        byte[] packet = Ip(random, 17, 0, 8 + payloadBytes);
        Span<byte> udp = packet.AsSpan(20);
        random.NextBytes(udp);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        return (Offload(VirtioSegmentation.UdpDatagrams, packet, 20, 8, 6, segmentBytes), packet);
    }

    /// <summary>The packets that are to come out, by the rules alone.</summary>
    public static List<byte[]> Cut(byte[] superPacket, int segmentBytes)
    {
        int ipBytes = (superPacket[0] & 15) * 4;
        bool isTcp = superPacket[9] == 6;
        int headerBytes = ipBytes + (isTcp ? (superPacket[ipBytes + 12] >> 4) * 4 : 8);
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(superPacket.AsSpan(ipBytes + 4));
        ushort identification = BinaryPrimitives.ReadUInt16BigEndian(superPacket.AsSpan(4));
        byte flags = isTcp ? superPacket[ipBytes + 13] : (byte)0;
        List<byte[]> packets = [];
        for (int from = headerBytes; from < superPacket.Length; from += segmentBytes)
        {
            int end = Math.Min(from + segmentBytes, superPacket.Length);
            byte[] packet = [.. superPacket[..headerBytes], .. superPacket[from..end]];
            bool isLast = end == superPacket.Length;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(identification + packets.Count));
            if (isTcp)
            {
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(ipBytes + 4), sequence + (uint)(from - headerBytes));
                packet[ipBytes + 13] = (byte)(flags & (isLast ? 0xFF : ~(Fin | Push)) & (packets.Count == 0 ? 0xFF : ~Cwr));
            }

            packets.Add(Seal(packet));
        }

        return packets;
    }

    /// <summary>Writes lengths and checksums of a whole TCP or UDP packet.</summary>
    public static byte[] Seal(byte[] packet)
    {
        int ipBytes = (packet[0] & 15) * 4;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        SealIp(packet);
        Span<byte> transport = packet.AsSpan(ipBytes);
        int place = packet[9] == 6 ? 16 : 6;
        if (packet[9] == 17)
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)transport.Length);
        }

        transport.Slice(place, 2).Clear();
        ushort checksum = (ushort)~Sum([.. PseudoHeader(packet), .. transport]);
        BinaryPrimitives.WriteUInt16BigEndian(transport[place..], checksum == 0 && packet[9] == 17 ? (ushort)0xFFFF : checksum);
        return packet;
    }

    /// <summary>Writes the IP checksum alone.</summary>
    public static byte[] SealIp(byte[] packet)
    {
        Span<byte> ip = packet.AsSpan(0, (packet[0] & 15) * 4);
        ip.Slice(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~Sum(ip.ToArray()));
        return packet;
    }

    /// <summary>What a router leaves of a packet.</summary>
    public static byte[] Forwarded(byte[] packet)
    {
        byte[] copy = [.. packet];
        copy[8]--;
        return SealIp(copy);
    }

    /// <summary>RFC 1071 word by word.</summary>
    public static ushort Sum(byte[] bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)(bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0u);
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }

    private static byte[] Ip(Random random, byte protocol, int optionBytes, int transportBytes)
    {
        byte[] packet = new byte[20 + optionBytes + transportBytes];
        packet[0] = (byte)(0x40 | ((20 + optionBytes) / 4));
        packet[1] = (byte)(random.Next(64) << 2);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)random.Next(65536));
        packet[6] = 0x40;
        packet[8] = (byte)random.Next(2, 255);
        packet[9] = protocol;
        Ipv4Address.Parse("10.1.0.9").Write(packet.AsSpan(12));
        Ipv4Address.Parse("10.2.0.9").Write(packet.AsSpan(16));
        packet.AsSpan(20, optionBytes).Fill(1);
        return SealIp(packet);
    }

    private static VirtioNetHeader Offload(
        VirtioSegmentation segmentation, byte[] packet, int ipBytes, int transportHeaderBytes, int checksumOffset, int segmentBytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(ipBytes + checksumOffset), Sum(PseudoHeader(packet)));
        return new VirtioNetHeader
        {
            NeedsChecksum = true,
            Segmentation = segmentation,
            HeaderBytes = (ushort)(ipBytes + transportHeaderBytes),
            SegmentBytes = (ushort)segmentBytes,
            ChecksumStart = (ushort)ipBytes,
            ChecksumOffset = (ushort)checksumOffset,
        };
    }

    private static byte[] PseudoHeader(byte[] packet)
    {
        int transportBytes = packet.Length - ((packet[0] & 15) * 4);
        return [.. packet[12..20], 0, packet[9], (byte)(transportBytes >> 8), (byte)transportBytes];
    }
}
