using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class PacketCoalescerTests
{
    public static TheoryData<string, Action<byte[]>, int> SecondTcpPacket() => new()
    {
        { "the next in sequence", _ => { }, 1 },
        { "with PSH", packet => packet[33] |= SuperPacketBuilder.Push, 1 },
        { "shorter", packet => { }, 1 },
        { "type of service", packet => packet[1] ^= 4, 2 },
        { "time to live", packet => packet[8]--, 2 },
        { "DF", packet => packet[6] = 0, 2 },
        { "reserved bit", packet => packet[6] |= 0x80, 2 },
        { "identification ahead", packet => packet[5] += 2, 2 },
        { "sequence ahead", packet => packet[27]++, 2 },
        { "acknowledgement", packet => packet[31]++, 2 },
        { "window", packet => packet[35]++, 2 },
        { "urgent pointer", packet => packet[39]++, 2 },
        { "options", packet => packet[50]++, 2 },
        { "reserved TCP bits", packet => packet[32] ^= 2, 2 },
        { "FIN", packet => packet[33] |= SuperPacketBuilder.Fin, 2 },
        { "SYN", packet => packet[33] |= 2, 2 },
        { "RST", packet => packet[33] |= 4, 2 },
        { "URG", packet => packet[33] |= 0x20, 2 },
        { "ECE", packet => packet[33] |= SuperPacketBuilder.EcnEcho, 2 },
        { "CWR", packet => packet[33] |= SuperPacketBuilder.Cwr, 2 },
        { "no ACK", packet => packet[33] = 0, 2 },
        { "source", packet => packet[15]++, 2 },
        { "destination", packet => packet[19]++, 2 },
        { "source port", packet => packet[21]++, 2 },
        { "destination port", packet => packet[23]++, 2 },
    };

    [Theory]
    [MemberData(nameof(SecondTcpPacket))]
    public void SecondTcpPacket_OnlyWhenAllElseIsEqual_IsJoined(string what, Action<byte[]> change, int expected)
    {
        Assert.NotEmpty(what);
        byte[] first = Tcp(1, 0, 1000);
        byte[] second = Tcp(1, 1000, what == "shorter" ? 999 : 1000, identification: 1);
        change(second);
        SuperPacketBuilder.Seal(second);
        Assert.Equal(expected, Add([first, second]).Count);
    }

    [Fact]
    public void LongerSecondPacketOrNoneAfterTheShorter_AreNotJoined()
    {
        Assert.Equal(2, Add([Tcp(1, 0, 1000), Tcp(1, 1000, 1001, identification: 1)]).Count);
        Assert.Equal(2, Add([Tcp(1, 0, 1000), Tcp(1, 1000, 10, identification: 1), Tcp(1, 1010, 10, identification: 2)]).Count);
        Assert.Equal(2, Add([Udp(1, 100), Udp(1, 101, identification: 1)]).Count);
        Assert.Equal(2, Add([Udp(1, 100), Udp(1, 10, identification: 1), Udp(1, 10, identification: 2)]).Count);
        byte[] push = Tcp(1, 0, 1000);
        push[33] |= SuperPacketBuilder.Push;
        Assert.Equal(2, Add([SuperPacketBuilder.Seal(push), Tcp(1, 1000, 1000, identification: 1)]).Count);
    }

    [Fact]
    public void Joined_BecomesOneSuperPacketOfTheSizeOfTheFirst()
    {
        List<(VirtioNetHeader Offload, byte[] Packet)> taken = Add([.. Enumerable.Range(0, 40).Select(i => Tcp(1, (uint)i * 1318, 1318, identification: i))]);
        (VirtioNetHeader offload, byte[] packet) = Assert.Single(taken);
        VirtioNetHeader expected = new()
        {
            NeedsChecksum = true,
            Segmentation = VirtioSegmentation.Tcp4,
            HeaderBytes = 52,
            SegmentBytes = 1318,
            ChecksumStart = 20,
            ChecksumOffset = 16,
        };
        Assert.Equal(expected, offload);
        Assert.Equal(52 + (40 * 1318), packet.Length);
        Assert.Equal(packet.Length, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)));
        Assert.True(Ipv4Packet.TryParse(packet, out _, out _));
    }

    [Fact]
    public void Joined_StopsAtTheLengthOfAnIpPacketAndAtTheKernelsLimitForUdp()
    {
        List<(VirtioNetHeader Offload, byte[] Packet)> tcp = Add([.. Enumerable.Range(0, 60).Select(i => Tcp(1, (uint)i * 1318, 1318, identification: i))]);
        Assert.Equal([52 + (49 * 1318), 52 + (11 * 1318)], tcp.Select(taken => taken.Packet.Length));
        List<(VirtioNetHeader Offload, byte[] Packet)> udp = Add([.. Enumerable.Range(0, 100).Select(i => Udp(1, 200, identification: i))]);
        Assert.Equal([28 + (64 * 200), 28 + (36 * 200)], udp.Select(taken => taken.Packet.Length));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(17)]
    public void CorruptPacket_ComesOutAsItIs_AndNeverInASuperPacket(byte protocol)
    {
        for (int offset = 0; offset < 300; offset++)
        {
            byte[][] packets = [.. Enumerable.Range(0, 3).Select(i => protocol == 6 ? Tcp(1, (uint)i * 250, 250, identification: i) : Udp(1, 280, identification: i))];
            packets[1][offset % packets[1].Length] ^= 1;
            List<(VirtioNetHeader Offload, byte[] Packet)> taken = Add(packets);
            Assert.Contains(taken, packet => packet.Offload == default && packet.Packet.AsSpan().SequenceEqual(packets[1]));
            Assert.DoesNotContain(Cut(taken.Where(packet => packet.Offload != default)), packet => packet.AsSpan().SequenceEqual(packets[1]));
        }

        // At the head of a would-be super-packet too.
        byte[] head = Tcp(1, 0, 250);
        head[200] ^= 1;
        Assert.Equal(2, Add([head, Tcp(1, 250, 250, identification: 1)]).Count);
    }

    [Fact]
    public void UdpWithoutChecksum_IsNotJoined()
    {
        byte[][] packets = [Udp(1, 100), Udp(1, 100, identification: 1)];
        packets[1][26] = packets[1][27] = 0;
        Assert.Equal(packets, Add(packets).Select(taken => taken.Packet));
    }

    [Fact]
    public void AtomicPackets_WithOneIdentification_AreJoined_OthersAreNot()
    {
        Assert.Single(Add([Udp(1, 100), Udp(1, 100), Udp(1, 100)]));
        Assert.Equal(2, Add([Udp(1, 100), Udp(1, 100), Udp(1, 100, identification: 1)]).Count);
        byte[][] mayBeFragmented = [.. Enumerable.Range(0, 3).Select(_ => Udp(1, 100))];
        foreach (byte[] packet in mayBeFragmented)
        {
            packet[6] = 0;
            SuperPacketBuilder.Seal(packet);
        }

        Assert.Equal(3, Add(mayBeFragmented).Count);
    }

    [Fact]
    public void KernelWithoutUdpSuperPackets_GetsUdpAsItCame()
    {
        byte[][] packets = [Udp(1, 100), Udp(1, 100, identification: 1), Tcp(2, 0, 100), Tcp(2, 100, 100, identification: 1)];
        List<(VirtioNetHeader Offload, byte[] Packet)> taken = Add(packets, joinsUdp: false);
        Assert.Equal([packets[0], packets[1]], taken.Take(2).Select(packet => packet.Packet));
        Assert.Equal(3, taken.Count);
    }

    [Fact]
    public void ManyFlowsInTurn_EachBecomesOneSuperPacket()
    {
        const int Flows = 32;
        byte[][] packets = [.. Enumerable.Range(0, Flows * 10).Select(i => Udp((i % Flows) + 1, 200, identification: i / Flows))];
        List<(VirtioNetHeader Offload, byte[] Packet)> taken = Add(packets);

        // The table's sets may overflow for a few.
        Assert.InRange(taken.Count, Flows, Flows * 2);
        AssertSame(packets, taken, "32 flows");
    }

    [Fact]
    public void FragmentsAndOptions_EndWhatIsOpen()
    {
        byte[] fragment = PacketBuilder.Fragment("10.1.0.1", "10.2.0.9", 17, 7, 800, more: false, 100);
        byte[][] packets = [Udp(1, 100), Udp(1, 100, identification: 1), fragment, Udp(1, 100, identification: 2)];
        List<(VirtioNetHeader Offload, byte[] Packet)> taken = Add(packets);
        Assert.Equal(3, taken.Count);
        Assert.Equal(fragment, taken[1].Packet);
        byte[] options = SuperPacketBuilder.Seal(SuperPacketBuilder.Tcp(new Random(1), 10, 10, ipOptionBytes: 4).Packet);
        Assert.Equal(3, Add([Udp(1, 100), options, Udp(1, 100, identification: 1)]).Count);
    }

    [Fact]
    public void TryAdd_Full_RefusesUntilAllIsTaken()
    {
        PacketCoalescer coalescer = new(joinsUdp: true);
        int added = 0;
        while (coalescer.TryAdd(Tcp(1, (uint)added * 1318, 1318, identification: added)))
        {
            added++;
        }

        Assert.InRange(added, 90, 99);
        Assert.True(coalescer.TryTake(out _));
        Assert.False(coalescer.TryAdd([0x45]));
        Take(coalescer);
        Assert.True(coalescer.IsEmpty);
        for (added = 0; coalescer.TryAdd([1, 2, 3]); added++)
        {
        }

        Assert.Equal(PacketCoalescer.PacketsMax, added);
        Assert.Equal(added, Take(coalescer).Count);
    }

    /// <summary>segment(coalesce(x)) = x byte for byte, each flow in order, whatever the traffic.</summary>
    [Fact]
    public void AnyTraffic_CoalescedAndCut_IsTheSame()
    {
        int joined = 0;
        PacketCoalescer coalescer = new(joinsUdp: true);
        for (int seed = 0; seed < 2000; seed++)
        {
            List<byte[]> packets = new TrafficGenerator(new Random(seed)).Make(120);
            List<(VirtioNetHeader Offload, byte[] Packet)> taken = Add(packets, coalescer);
            joined += packets.Count - taken.Count;
            AssertSame(packets, taken, $"seed {seed}");
        }

        Assert.InRange(joined, 2000 * 30, int.MaxValue);
    }

    [Fact]
    public void AnyBytes_ComeOutAsTheyWentIn()
    {
        PacketCoalescer coalescer = new(joinsUdp: true);
        for (int seed = 0; seed < 3000; seed++)
        {
            Random random = new(seed);
            List<byte[]> packets = new TrafficGenerator(random).Make(20);
            foreach (byte[] packet in packets.Where(_ => random.Next(2) == 0))
            {
                packet[random.Next(Math.Min(60, packet.Length))] = (byte)random.Next(256);
            }

            packets = [.. packets.Select(packet => random.Next(8) == 0 ? packet[..random.Next(1, packet.Length)] : packet)];
            List<byte[]> cut = Cut(Add(packets, coalescer));
            Assert.True(Sorted(packets).SequenceEqual(Sorted(cut)), $"seed {seed}");
        }
    }

    [Fact]
    public void AddAndTake_AllocateNothing()
    {
        byte[][] packets = [.. Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? Udp(1 + (i % 9), 100) : Tcp(20, (uint)i * 100, 100, identification: i))];
        PacketCoalescer coalescer = new(joinsUdp: true);
        int taken = Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        taken += Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(taken, 2, 120);

        int Run()
        {
            foreach (byte[] packet in packets)
            {
                coalescer.TryAdd(packet);
            }

            int count = 0;
            while (coalescer.TryTake(out _))
            {
                count++;
            }

            return count;
        }
    }

    private static byte[] Tcp(int flow, uint sequence, int payloadBytes, int identification = 0)
    {
        byte[] packet = SuperPacketBuilder.Tcp(new Random(flow), payloadBytes, payloadBytes).Packet;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), sequence);
        return Numbered(packet, flow, identification);
    }

    private static byte[] Udp(int flow, int payloadBytes, int identification = 0) =>
        Numbered(SuperPacketBuilder.Udp(new Random(flow), payloadBytes, payloadBytes).Packet, flow, identification);

    private static byte[] Numbered(byte[] packet, int flow, int identification)
    {
        packet[1] = 0;
        packet[8] = 64;
        packet[15] = (byte)flow;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)identification);
        return SuperPacketBuilder.Seal(packet);
    }

    private static List<(VirtioNetHeader Offload, byte[] Packet)> Add(IEnumerable<byte[]> packets, bool joinsUdp = true) =>
        Add(packets, new PacketCoalescer(joinsUdp));

    private static List<(VirtioNetHeader Offload, byte[] Packet)> Add(IEnumerable<byte[]> packets, PacketCoalescer coalescer)
    {
        List<(VirtioNetHeader Offload, byte[] Packet)> taken = [];
        foreach (byte[] packet in packets)
        {
            if (!coalescer.TryAdd(packet))
            {
                taken.AddRange(Take(coalescer));
                Assert.True(coalescer.TryAdd(packet));
            }
        }

        taken.AddRange(Take(coalescer));
        return taken;
    }

    private static List<(VirtioNetHeader Offload, byte[] Packet)> Take(PacketCoalescer coalescer)
    {
        List<(VirtioNetHeader Offload, byte[] Packet)> taken = [];
        while (coalescer.TryTake(out CoalescedPacket packet))
        {
            Assert.Equal(packet.Packets > 1, packet.Offload != default);
            taken.Add((packet.Offload, packet.ToArray()));
        }

        return taken;
    }

    private static List<byte[]> Cut(IEnumerable<(VirtioNetHeader Offload, byte[] Packet)> taken)
    {
        List<byte[]> packets = [];
        foreach ((VirtioNetHeader offload, byte[] packet) in taken)
        {
            byte[] copy = [.. packet];
            Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(offload, copy, out PacketSegmenter segmenter));
            while (segmenter.MoveNext())
            {
                packets.Add(segmenter.Current.ToArray());
            }
        }

        return packets;
    }

    // Identifications of atomic packets that were all the same have become numbers that count up: RFC 6864 §4.1 gives them no meaning.
    private static void AssertSame(IEnumerable<byte[]> packets, List<(VirtioNetHeader Offload, byte[] Packet)> taken, string what)
    {
        List<byte[]> expected = [.. packets.Select(TrafficGenerator.WithoutMeaninglessIdentification)];
        List<byte[]> actual = [.. Cut(taken).Select(TrafficGenerator.WithoutMeaninglessIdentification)];
        Assert.True(expected.Count == actual.Count, $"{what}: {expected.Count} packets became {actual.Count}");
        foreach (IGrouping<string, byte[]> flow in expected.GroupBy(TrafficGenerator.FlowOf))
        {
            Assert.True(
                flow.SequenceEqual(actual.Where(packet => TrafficGenerator.FlowOf(packet) == flow.Key), ByteComparer.Instance),
                $"{what}: flow {flow.Key}");
        }
    }

    private static IEnumerable<string> Sorted(IEnumerable<byte[]> packets) =>
        packets.Select(TrafficGenerator.WithoutMeaninglessIdentification).Select(Convert.ToHexString).Order(StringComparer.Ordinal);

    private sealed class ByteComparer : IEqualityComparer<byte[]>
    {
        public static readonly ByteComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj.Length;
    }
}
