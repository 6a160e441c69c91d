using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>An IPv4 packet (RFC 791 §3.1): a mutation changes one field or the payload; mostly the header's checksum and length fit again.</summary>
internal sealed class PacketShape : FuzzShape
{
    private static readonly int[] Fields = [0, 1, 2, 4, 6, 7, 8, 9, 12, 16, 20, 22, 33];

    public static FuzzShape Instance { get; } = new PacketShape();

    public override byte[] Mutate(byte[] input, FuzzRandom random)
    {
        var bytes = Bytes.Mutate(input, random);
        if (bytes.Length < Ipv4Packet.HeaderBytesMin)
        {
            return bytes;
        }

        if (random.Once(2))
        {
            bytes = (byte[])bytes.Clone();
            bytes[Math.Min(bytes.Length - 1, Fields[random.Next(Fields.Length)])] = random.Once(2) ? random.NextByte() : (byte)random.NextEdge();
        }

        if (!random.Once(4))
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)Math.Min(bytes.Length, ushort.MaxValue));
        }

        var headerBytes = Math.Min((bytes[0] & 0xF) * 4, bytes.Length & ~1);
        if (headerBytes >= Ipv4Packet.HeaderBytesMin && !random.Once(8))
        {
            bytes[10] = bytes[11] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), InternetChecksum.Compute(bytes.AsSpan(0, headerBytes)));
        }

        return bytes;
    }
}
