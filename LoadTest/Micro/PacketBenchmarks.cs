using System.Buffers.Binary;
using System.Globalization;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Micro;

/// <summary>
/// Cutting super-packets and joining packets on one thread, beside what each packet would cost if it were copied and summed on its own, word by word. All of it in the
/// cache, as on the data path.
/// </summary>
public static class PacketBenchmarks
{
    private const int IpHeaderBytes = 20;
    private const int TunnelMtuBytes = 1_399;
    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(1);

    /// <summary>Prints one line per figure, as measured.</summary>
    public static Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.WriteLine($"{"what",-44} {"ns a packet",12} {"Gbit/s",8} {"alone, ns",10} {"B allocated",12}");
        var tcp = SuperPacket(IpProtocolNumber.Tcp, TunnelMtuBytes - 52, 46);
        var udp = SuperPacket(IpProtocolNumber.Udp, 200, 60);
        var small = SuperPacket(IpProtocolNumber.Tcp, 200, 60);
        foreach (var (name, super) in new[] { ("TCP, 1399 B", tcp), ("TCP, 252 B", small), ("UDP, 228 B", udp) })
        {
            MeasureSegmenting(output, name, super, cancellationToken);
        }

        MeasureCoalescing(output, "TCP, 1399 B, one flow", [tcp], cancellationToken);
        MeasureCoalescing(output, "TCP, 1399 B, 8 flows in turn", Flows(tcp, 8), cancellationToken);
        MeasureCoalescing(output, "UDP, 228 B, one flow", [udp], cancellationToken);
        MeasureCoalescing(output, "UDP, 228 B, 32 flows in turn", Flows(udp, 32), cancellationToken);
        MeasureCoalescing(output, "UDP, 228 B, 60 flows, one packet each", Flows(udp, 60, packetsEach: 1), cancellationToken);
        MeasureCoalescing(output, "TCP, 52 B, acknowledgements alone", [SuperPacket(IpProtocolNumber.Tcp, 0, 1)], cancellationToken);
        return Task.CompletedTask;
    }

    private static void MeasureSegmenting(TextWriter output, string name, Super super, CancellationToken cancellationToken)
    {
        var buffer = new byte[super.Bytes.Length];
        var packets = Cut(super);
        var cut = Measure(
            packets,
            () =>
            {
                // The copy stands for the read from the TUN, which both would pay; it is taken off below.
                super.Bytes.CopyTo(buffer, 0);
                Require(PacketSegmenter.TryCreate(super.Offload, buffer, out var segmenter) == DropReason.Unspecified);
                while (segmenter.MoveNext())
                {
                }
            },
            cancellationToken);
        var read = Measure(packets, () => super.Bytes.CopyTo(buffer, 0), cancellationToken);
        var alone = MeasureAlone(packets, cancellationToken);
        Report(output, "cut " + name, packets, cut with { Nanoseconds = cut.Nanoseconds - read.Nanoseconds }, alone);
    }

    private static void MeasureCoalescing(TextWriter output, string name, Super[] flows, CancellationToken cancellationToken)
    {
        var perFlow = flows.Select(Cut).ToArray();
        var packets = Enumerable.Range(0, perFlow[0].Length).SelectMany(i => perFlow.Select(flow => flow[i])).ToArray();
        var coalescer = new PacketCoalescer(joinsUdp: true);
        var taken = 0;
        var joined = Measure(
            packets,
            () =>
            {
                foreach (var packet in packets)
                {
                    if (!coalescer.TryAdd(packet))
                    {
                        taken += TakeAll(coalescer);
                        Require(coalescer.TryAdd(packet));
                    }
                }

                taken += TakeAll(coalescer);
            },
            cancellationToken);
        Report(output, "join " + name, packets, joined, MeasureAlone(packets, cancellationToken));
        Require(taken > 0);
    }

    private static int TakeAll(PacketCoalescer coalescer)
    {
        var count = 0;
        while (coalescer.TryTake(out _))
        {
            count++;
        }

        return count;
    }

    // Copied whole, then summed as RFC 1071 §4.1 writes it.
    private static Figure MeasureAlone(byte[][] packets, CancellationToken cancellationToken)
    {
        var buffer = new byte[Ipv4Packet.PacketBytesMax];
        var sums = 0u;
        var figure = Measure(
            packets,
            () =>
            {
                foreach (var packet in packets)
                {
                    packet.CopyTo(buffer, 0);
                    sums += SumWordByWord(buffer.AsSpan(0, packet.Length));
                }
            },
            cancellationToken);
        Require(sums != 0);
        return figure;
    }

    private static uint SumWordByWord(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        while (bytes.Length >= sizeof(ushort))
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[sizeof(ushort)..];
        }

        return bytes.IsEmpty ? sum : sum + ((uint)bytes[0] << 8);
    }

    private static Figure Measure(byte[][] packets, Action run, CancellationToken cancellationToken)
    {
        // The first part warms up the compiler's tiers and is not counted.
        Repeat(RunTime / 4, run, cancellationToken);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = TimeProvider.System.GetTimestamp();
        var runs = Repeat(RunTime, run, cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        return new Figure(elapsed.TotalNanoseconds / runs / packets.Length, (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)runs / packets.Length);
    }

    private static long Repeat(TimeSpan time, Action run, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        long runs = 0;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var i = 0; i < 100; i++)
            {
                run();
            }

            runs += 100;
        }
        while (TimeProvider.System.GetElapsedTime(start) < time);
        return runs;
    }

    private static void Report(TextWriter output, string name, byte[][] packets, Figure figure, Figure alone)
    {
        var gigabits = packets.Average(packet => packet.Length) * 8 / figure.Nanoseconds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-44} {figure.Nanoseconds,12:F1} {gigabits,8:F1} {alone.Nanoseconds,10:F1} {figure.AllocatedBytes,12:F2}"));
    }

    private static byte[][] Cut(Super super)
    {
        var bytes = super.Bytes.ToArray();
        if (super.Offload.SegmentBytes == 0)
        {
            return [bytes];
        }

        Require(PacketSegmenter.TryCreate(super.Offload, bytes, out var segmenter) == DropReason.Unspecified);
        var packets = new List<byte[]>();
        while (segmenter.MoveNext())
        {
            packets.Add(segmenter.Current.ToArray());
        }

        return [.. packets];
    }

    private static Super[] Flows(Super super, int count, int packetsEach = int.MaxValue) =>
        [.. Enumerable.Range(0, count).Select(i =>
        {
            var bytes = super.Bytes.ToArray();
            var ports = bytes.AsSpan(IpHeaderBytes);
            BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)(30_000 + i));
            var headerBytes = super.Offload.HeaderBytes;
            var keptBytes = Math.Min(bytes.Length, headerBytes + ((long)packetsEach * super.Offload.SegmentBytes));
            return keptBytes == bytes.Length ? super with { Bytes = bytes } : Shortened(super with { Bytes = bytes[..(int)keptBytes] });
        })];

    private static Super Shortened(Super super)
    {
        var ip = super.Bytes.AsSpan(0, IpHeaderBytes);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)super.Bytes.Length);
        if (super.Offload.Segmentation == VirtioSegmentation.UdpDatagrams)
        {
            BinaryPrimitives.WriteUInt16BigEndian(super.Bytes.AsSpan(IpHeaderBytes + 4), (ushort)(super.Bytes.Length - IpHeaderBytes));
        }

        return Sealed(super);
    }

    private static Super SuperPacket(IpProtocolNumber protocol, int segmentBytes, int segments)
    {
        var isTcp = protocol == IpProtocolNumber.Tcp;
        var headerBytes = IpHeaderBytes + (isTcp ? 32 : 8);
        var bytes = new byte[headerBytes + (segmentBytes * segments)];
        new Random(1).NextBytes(bytes.AsSpan(IpHeaderBytes));
        bytes[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)bytes.Length);
        bytes[6] = 0x40;
        bytes[8] = 64;
        bytes[9] = (byte)protocol;
        Ipv4Address.Parse("10.64.0.2").Write(bytes.AsSpan(12));
        Ipv4Address.Parse("10.1.0.10").Write(bytes.AsSpan(16));
        if (isTcp)
        {
            // Data offset 8 words, ACK.
            bytes[IpHeaderBytes + 12] = 0x80;
            bytes[IpHeaderBytes + 13] = 0x10;
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(IpHeaderBytes + 4), (ushort)(bytes.Length - IpHeaderBytes));
        }

        return Sealed(new Super(
            new VirtioNetHeader
            {
                NeedsChecksum = true,
                Segmentation = segmentBytes == 0 ? VirtioSegmentation.None : isTcp ? VirtioSegmentation.Tcp4 : VirtioSegmentation.UdpDatagrams,
                HeaderBytes = (ushort)headerBytes,
                SegmentBytes = (ushort)segmentBytes,
                ChecksumStart = IpHeaderBytes,
                ChecksumOffset = (ushort)(isTcp ? 16 : 6),
            },
            bytes));
    }

    private static Super Sealed(Super super)
    {
        var ip = super.Bytes.AsSpan(0, IpHeaderBytes);
        ip.Slice(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip));
        return super;
    }

    private static void Require(bool isTrue)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException("A packet of the benchmark was refused.");
        }
    }

    private readonly record struct Figure(double Nanoseconds, double AllocatedBytes);

    private sealed record Super(VirtioNetHeader Offload, byte[] Bytes);
}
