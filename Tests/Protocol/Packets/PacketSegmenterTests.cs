using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class PacketSegmenterTests
{
    private const byte AllFlags = SuperPacketBuilder.Fin | SuperPacketBuilder.Push | SuperPacketBuilder.Ack | SuperPacketBuilder.EcnEcho | SuperPacketBuilder.Cwr;

    public static TheoryData<string, VirtioNetHeader, byte[], DropReason> Malformed()
    {
        Random random = new(1);
        (VirtioNetHeader tcp, byte[] tcpPacket) = SuperPacketBuilder.Tcp(random, 3000, 1000);
        (VirtioNetHeader udp, byte[] udpPacket) = SuperPacketBuilder.Udp(random, 3000, 1000);
        TheoryData<string, VirtioNetHeader, byte[], DropReason> data = new()
        {
            { "empty", tcp, [], DropReason.BadOffload },
            { "cut", tcp, tcpPacket[..2000], DropReason.BadOffload },
            { "longer than its length", tcp, [.. tcpPacket, 0], DropReason.BadOffload },
            { "header alone", tcp, SuperPacketBuilder.Tcp(random, 0, 1000).Packet, DropReason.BadOffload },
            { "segment size 0", tcp with { SegmentBytes = 0 }, tcpPacket, DropReason.BadOffload },
            { "checksum elsewhere", tcp with { ChecksumOffset = 6 }, tcpPacket, DropReason.BadOffload },
            { "checksum start elsewhere", tcp with { ChecksumStart = 24 }, tcpPacket, DropReason.BadOffload },
            { "TCP over IPv6", tcp with { Segmentation = VirtioSegmentation.Tcp6 }, tcpPacket, DropReason.BadOffload },
            { "UDP as fragments", udp with { Segmentation = (VirtioSegmentation)3 }, udpPacket, DropReason.BadOffload },
            { "unknown kind", udp with { Segmentation = (VirtioSegmentation)77 }, udpPacket, DropReason.BadOffload },
            { "TCP asked, UDP in it", tcp, udpPacket, DropReason.BadOffload },
            { "UDP asked, TCP in it", udp, tcpPacket, DropReason.BadOffload },
            { "IPv6", tcp, Changed(tcpPacket, 0, 0x60), DropReason.NotIpv4 },
            { "version 5", tcp, Changed(tcpPacket, 0, 0x55), DropReason.BadOffload },
            { "IP header of 16", tcp, Changed(tcpPacket, 0, 0x44), DropReason.BadOffload },
            { "IP checksum", tcp, [.. tcpPacket[..10], (byte)~tcpPacket[10], .. tcpPacket[11..]], DropReason.BadOffload },
            { "fragment", tcp, Changed(tcpPacket, 6, 0x20), DropReason.BadOffload },
            { "later fragment", tcp, Changed(tcpPacket, 7, 1), DropReason.BadOffload },
            { "TCP header of 16", tcp, Changed(tcpPacket, 32, 0x40), DropReason.BadOffload },
            { "SYN", tcp, Changed(tcpPacket, 33, 0x12), DropReason.BadOffload },
            { "RST", tcp, Changed(tcpPacket, 33, 0x14), DropReason.BadOffload },
            { "UDP length", udp, Changed(udpPacket, 25, 1), DropReason.BadOffload },
            { "checksum behind the end", new VirtioNetHeader { NeedsChecksum = true, ChecksumStart = 20, ChecksumOffset = 65535 }, udpPacket, DropReason.BadOffload },
            { "checksum at the end", new VirtioNetHeader { NeedsChecksum = true, ChecksumStart = 20, ChecksumOffset = (ushort)(udpPacket.Length - 21) }, udpPacket, DropReason.BadOffload },
            { "checksum in the IP header", new VirtioNetHeader { NeedsChecksum = true, ChecksumStart = 4, ChecksumOffset = 6 }, udpPacket, DropReason.BadOffload },
            { "longer than IP", default, new byte[65536], DropReason.BadOffload },
        };
        data.Add("IP header longer than the packet", tcp, SuperPacketBuilder.SealIp([0x4F, .. tcpPacket[1..60]])[..30], DropReason.BadOffload);
        data.Add("TCP header longer than the packet", tcp, Length(Changed(tcpPacket, 32, 0xF0)[..60]), DropReason.BadOffload);
        return data;
    }

    [Theory]
    [InlineData(5000, 1000, SuperPacketBuilder.Ack, 12, 0)]
    [InlineData(5001, 1000, AllFlags, 0, 0)]
    [InlineData(64000, 1318, AllFlags, 12, 0)]
    [InlineData(65495, 65495, AllFlags, 0, 0)]
    [InlineData(700, 1000, AllFlags, 40, 0)]
    [InlineData(1000, 7, AllFlags, 40, 40)]
    [InlineData(65000, 1, SuperPacketBuilder.Ack | SuperPacketBuilder.Push, 12, 0)]
    [InlineData(2001, 999, AllFlags, 8, 24)]
    public void Tcp_IsCutByTheRules(int payloadBytes, int segmentBytes, byte flags, int tcpOptionBytes, int ipOptionBytes)
    {
        (VirtioNetHeader offload, byte[] packet) = SuperPacketBuilder.Tcp(new Random(5), payloadBytes, segmentBytes, flags, tcpOptionBytes, ipOptionBytes);
        AssertCut(offload, packet);
    }

    [Theory]
    [InlineData(5000, 1000)]
    [InlineData(12800, 200)]
    [InlineData(65507, 1342)]
    [InlineData(100, 1)]
    [InlineData(1, 9000)]
    public void Udp_IsCutByTheRules(int payloadBytes, int segmentBytes)
    {
        (VirtioNetHeader offload, byte[] packet) = SuperPacketBuilder.Udp(new Random(6), payloadBytes, segmentBytes);
        AssertCut(offload, packet);
    }

    [Fact]
    public void AnySuperPacket_IsCutByTheRules()
    {
        for (int seed = 0; seed < 3000; seed++)
        {
            Random random = new(seed);
            int segmentBytes = random.Next(1, random.Next(2) == 0 ? 100 : 3000);
            int payloadBytes = random.Next(1, Math.Min(65000, segmentBytes * 60));
            (VirtioNetHeader offload, byte[] packet) = random.Next(2) == 0
                ? SuperPacketBuilder.Udp(random, payloadBytes, segmentBytes)
                : SuperPacketBuilder.Tcp(random, payloadBytes, segmentBytes, (byte)(random.Next(256) & ~6), random.Next(11) * 4, random.Next(3) * 4);
            try
            {
                AssertCut(offload with { NeedsChecksum = random.Next(10) > 0 }, packet);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void TryCreate_HeaderAndPacketDoNotFit_IsADrop(string what, VirtioNetHeader offload, byte[] packet, DropReason expected)
    {
        Assert.NotEmpty(what);
        Assert.Equal(expected, PacketSegmenter.TryCreate(offload, packet, out PacketSegmenter segmenter));
        Assert.False(segmenter.MoveNext());
    }

    [Fact]
    public void PlainPacket_IsLeftAsItIs()
    {
        byte[] packet = [9, 8, 7];
        Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(default, packet, out PacketSegmenter segmenter));
        Assert.Equal((1, 3), (segmenter.Count, segmenter.PacketBytesMax));
        Assert.True(segmenter.MoveNext());
        Assert.Equal([9, 8, 7], segmenter.Current.ToArray());
        Assert.False(segmenter.MoveNext());
    }

    [Theory]
    [InlineData(6, 16)]
    [InlineData(17, 6)]
    public void PlainPacketWithoutChecksum_GetsIt(byte protocol, ushort checksumOffset)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            int payloadBytes = random.Next(0, 1400);
            byte[] packet = protocol == 6 ? SuperPacketBuilder.Tcp(random, payloadBytes, 1).Packet : SuperPacketBuilder.Udp(random, payloadBytes, 1).Packet;
            byte[] expected = SuperPacketBuilder.Seal([.. packet]);
            VirtioNetHeader offload = new() { NeedsChecksum = true, ChecksumStart = 20, ChecksumOffset = checksumOffset };
            Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(offload, packet, out PacketSegmenter segmenter));
            Assert.True(segmenter.MoveNext());
            Assert.Equal(expected, segmenter.Current.ToArray());
        }
    }

    [Fact]
    public void Udp_ChecksumThatComesOutAsZero_IsSentAsAllOnes()
    {
        (VirtioNetHeader offload, byte[] packet) = SuperPacketBuilder.Udp(new Random(3), 4, 2);
        packet.AsSpan(28).Clear();
        int zeroes = 0;
        for (int word = 0; word <= 0xFFFF; word++)
        {
            byte[] copy = [.. packet];
            BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(28), (ushort)word);
            PacketSegmenter.TryCreate(offload, copy, out PacketSegmenter segmenter);
            Assert.True(segmenter.MoveNext());
            ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(segmenter.Current[26..]);
            Assert.NotEqual(0, checksum);
            zeroes += checksum == 0xFFFF ? 1 : 0;
        }

        Assert.InRange(zeroes, 1, 2);
    }

    [Fact]
    public void MoveNext_AllocatesNothing()
    {
        (VirtioNetHeader offload, byte[] packet) = SuperPacketBuilder.Tcp(new Random(4), 60000, 1318);
        byte[] copy = new byte[packet.Length];
        long sum = Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        sum += Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(sum, 1, long.MaxValue);

        long Run()
        {
            packet.CopyTo(copy, 0);
            PacketSegmenter.TryCreate(offload, copy, out PacketSegmenter segmenter);
            long bytes = 0;
            while (segmenter.MoveNext())
            {
                bytes += segmenter.Current.Length;
            }

            return bytes;
        }
    }

    private static void AssertCut(VirtioNetHeader offload, byte[] packet)
    {
        List<byte[]> expected = SuperPacketBuilder.Cut(packet, offload.SegmentBytes);
        Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(offload, packet, out PacketSegmenter segmenter));
        Assert.Equal(expected.Count, segmenter.Count);
        Assert.Equal(expected.Max(cut => cut.Length), segmenter.PacketBytesMax);
        foreach (byte[] cut in expected)
        {
            Assert.True(segmenter.MoveNext());
            Assert.Equal(cut, segmenter.Current.ToArray());
        }

        Assert.False(segmenter.MoveNext());
        Assert.False(segmenter.MoveNext());
    }

    private static byte[] Changed(byte[] packet, int offset, byte value)
    {
        byte[] copy = [.. packet];
        copy[offset] = value;
        if ((copy[0] & 15) * 4 is >= 12 and var headerBytes && headerBytes <= copy.Length)
        {
            SuperPacketBuilder.SealIp(copy);
        }

        return copy;
    }

    private static byte[] Length(byte[] packet)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        return SuperPacketBuilder.SealIp(packet);
    }
}
