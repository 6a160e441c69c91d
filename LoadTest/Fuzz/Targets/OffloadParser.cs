using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>A super-packet as the kernel hands it over, virtio header first: <see cref="PacketSegmenter"/> cuts it into packets that are IPv4, and <see cref="PacketCoalescer"/> loses none of them.</summary>
internal sealed class OffloadParser : FuzzParser
{
    private readonly PacketCoalescer _coalescer = new(joinsUdp: true);

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (input.Length < VirtioNetHeader.WireBytes)
        {
            return false;
        }

        var offload = VirtioNetHeader.Read(input);
        if (PacketSegmenter.TryCreate(offload, input[VirtioNetHeader.WireBytes..].ToArray(), out var segmenter) != DropReason.Unspecified)
        {
            return false;
        }

        var made = 0;
        var waiting = 0;
        for (; segmenter.MoveNext(); made++)
        {
            var packet = segmenter.Current;
            Require(packet.Length > 0 && packet.Length <= segmenter.PacketBytesMax, "A packet is longer than was said.");
            if (offload.Segmentation != VirtioSegmentation.None)
            {
                Require(Ipv4Packet.TryParse(packet, out var parsed, out var error) && parsed.TotalBytes == packet.Length, $"What was cut is no packet: {error}.");
            }

            if (!_coalescer.TryAdd(packet))
            {
                waiting -= Drain();
                Require(waiting == 0 && _coalescer.TryAdd(packet), "The coalescer is empty and full.");
            }

            waiting++;
        }

        Require(made == segmenter.Count && waiting - Drain() == 0, "Packets were lost or made.");
        return true;
    }

    private int Drain()
    {
        var count = 0;
        while (_coalescer.TryTake(out var taken))
        {
            count += taken.Packets;
        }

        return count;
    }
}
