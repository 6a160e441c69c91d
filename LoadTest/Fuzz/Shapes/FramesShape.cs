using System.Buffers;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>A stream of frames: a mutation drops, repeats, moves, cuts one, changes its type, flags, channel or length, or its payload by that one's own shape.</summary>
internal sealed class FramesShape(FuzzShape payload) : FuzzShape
{
    private static readonly FrameType[] Types = Enum.GetValues<FrameType>();

    public override byte[] Mutate(byte[] input, FuzzRandom random)
    {
        if (random.Once(12) || !TrySplit(input, out var frames) || frames.Count == 0)
        {
            return Bytes.Mutate(input, random);
        }

        var at = random.Next(frames.Count);
        var (header, body) = frames[at];
        switch (random.Next(10))
        {
            case 0 when frames.Count > 1:
                frames.RemoveAt(at);
                break;
            case 1:
                frames.InsertRange(random.Next(frames.Count), Enumerable.Repeat(frames[at], random.Once(20) ? 50 : 1));
                break;
            case 2:
                var other = random.Next(frames.Count);
                (frames[at], frames[other]) = (frames[other], frames[at]);
                break;
            case 3:
                frames[at] = (header with { Type = random.Once(4) ? (FrameType)random.NextByte() : Types[random.Next(Types.Length)] }, body);
                break;
            case 4:
                frames[at] = (header with { Flags = (FrameFlags)random.NextByte() }, body);
                break;
            case 5:
                var channel = random.Next(3) switch { 0 => 0u, 1 => header.Channel.Value ^ (1u << random.Next(32)), _ => (uint)random.NextEdge() };
                frames[at] = (header with { Channel = new Channel(channel) }, body);
                break;
            case 6 when random.Once(2):
                frames[at] = (header with { PayloadBytes = (int)(random.NextEdge() & 0xFFFF) }, body);
                break;
            default:
                var changed = payload.Mutate(body, random);
                changed = changed.Length <= ushort.MaxValue ? changed : changed[..ushort.MaxValue];
                frames[at] = (header with { PayloadBytes = changed.Length }, changed);
                break;
        }

        return Join(frames);
    }

    internal static bool TrySplit(byte[] input, out List<(FrameHeader Header, byte[] Payload)> frames)
    {
        frames = [];
        var buffer = new ReadOnlySequence<byte>(input);
        while (FrameReader.TryRead(ref buffer, ushort.MaxValue, out var header, out var body) == FrameReadResult.Frame)
        {
            frames.Add((header, body.ToArray()));
        }

        return buffer.IsEmpty;
    }

    private static byte[] Join(List<(FrameHeader Header, byte[] Payload)> frames)
    {
        var bytes = new byte[frames.Sum(frame => FrameLimits.HeaderBytes + frame.Payload.Length)];
        var at = 0;
        foreach (var (header, body) in frames)
        {
            header.Write(bytes.AsSpan(at));
            body.CopyTo(bytes, at + FrameLimits.HeaderBytes);
            at += FrameLimits.HeaderBytes + body.Length;
        }

        return Bounded(bytes);
    }
}
