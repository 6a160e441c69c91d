using System.Buffers;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// Packets of a hostile far end on their way to the TUN: <see cref="PacketCoalescer"/> over a stream of frames whose payloads are packets. What the kernel would cut the super-packets into is what came in,
/// each packet once and with the same bytes, but for the identification of packets that are never cut, which says nothing (RFC 6864 §4.1).
/// </summary>
internal sealed class CoalescerParser : FuzzParser
{
    private readonly PacketCoalescer _coalescer = new(joinsUdp: true);

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var buffer = new ReadOnlySequence<byte>(input.ToArray());
        var waiting = new List<string>();
        var isJoined = false;
        while (FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out _, out var payload) == FrameReadResult.Frame)
        {
            // The tunnel hands on nothing else.
            if (payload.IsEmpty)
            {
                continue;
            }

            var packet = payload.ToArray();
            if (!_coalescer.TryAdd(packet))
            {
                isJoined |= Drain(waiting);
                Require(_coalescer.TryAdd(packet), "The coalescer is empty and full.");
            }

            waiting.Add(Text(packet));
        }

        return Drain(waiting) | isJoined;
    }

    private static string Text(ReadOnlySpan<byte> packet)
    {
        if (!Ipv4Packet.TryParse(packet, out var parsed, out _) || !parsed.IsDontFragment || parsed.IsFragment)
        {
            return Convert.ToHexString(packet);
        }

        var bytes = packet.ToArray();
        bytes.AsSpan(4, 2).Clear(); // identification
        bytes.AsSpan(10, 2).Clear(); // the header's checksum, which covers it
        return Convert.ToHexString(bytes);
    }

    private bool Drain(List<string> expected)
    {
        var isJoined = false;
        var came = new List<string>();
        while (_coalescer.TryTake(out var taken))
        {
            isJoined |= taken.Packets > 1;
            var bytes = taken.ToArray();
            Require(bytes.Length <= Ipv4Packet.PacketBytesMax, "A super-packet is longer than a packet may be.");
            if (taken.Packets == 1)
            {
                came.Add(Text(bytes));
                continue;
            }

            Require(PacketSegmenter.TryCreate(taken.Offload, bytes, out var segmenter) == DropReason.Unspecified, "The kernel would refuse the super-packet.");
            while (segmenter.MoveNext())
            {
                came.Add(Text(segmenter.Current));
            }
        }

        expected.Sort(StringComparer.Ordinal);
        came.Sort(StringComparer.Ordinal);
        Require(expected.SequenceEqual(came), "What comes out is not what went in.");
        expected.Clear();
        return isJoined;
    }
}
