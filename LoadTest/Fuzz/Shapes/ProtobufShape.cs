using System.Buffers;
using System.Text;

namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>
/// A Protobuf message (protobuf.dev/programming-guides/encoding): a mutation drops, repeats, moves or changes one field, at any depth, and the lengths of the messages around it fit again. Fields
/// that are no message themselves are DER where they begin like it, else text or bytes.
/// </summary>
internal sealed class ProtobufShape : FuzzShape
{
    private const int MaxDepth = 6;
    private const int VarintBytesMax = 10;

    public static FuzzShape Instance { get; } = new ProtobufShape();

    private static readonly DerShape Der = new();
    private static readonly TextShape Text = new();

    public override byte[] Mutate(byte[] input, FuzzRandom random) => Bounded(Mutate(input, random, MaxDepth));

    private static byte[] Mutate(byte[] input, FuzzRandom random, int depth)
    {
        if (random.Once(8) || !TrySplit(input, out var fields) || fields.Count == 0)
        {
            return random.Once(4) ? AddedField(input, random) : Bytes.Mutate(input, random);
        }

        var at = random.Next(fields.Count);
        switch (random.Next(8))
        {
            case 0:
                fields.RemoveAt(at);
                break;
            case 1:
                fields.InsertRange(at, Enumerable.Repeat(fields[at], random.Once(20) ? 300 : random.Next(1, 3)));
                break;
            case 2:
                (fields[at], fields[^1]) = (fields[^1], fields[at]);
                break;
            case 3:
                fields[at] = fields[at] with { Number = random.Once(2) ? random.NextEdge() & 0x1FFF_FFFF : (ulong)random.Next(1, 16) };
                break;
            case 4 when fields[at].Wire != 2:
                fields[at] = fields[at] with { Wire = random.Next(8) };
                break;
            default:
                fields[at] = fields[at] with { Value = Changed(fields[at], random, depth) };
                break;
        }

        return Join(fields);
    }

    private static byte[] Changed(Field field, FuzzRandom random, int depth) => field.Wire switch
    {
        0 => Varint(random.NextEdge()),
        1 or 5 => random.NextBytes(field.Value.Length),
        _ => ChangedContent(field.Value.ToArray(), random, depth),
    };

    private static byte[] ChangedContent(byte[] value, FuzzRandom random, int depth)
    {
        if (random.Once(10))
        {
            return random.Next(3) switch { 0 => [], 1 => random.NextBytes(random.Next(1, 70)), _ => Encoding.ASCII.GetBytes(new string('x', random.Next(1, 600))) };
        }

        // A certificate or a request: a SEQUENCE whose length has two bytes.
        if (value is [0x30, 0x81 or 0x82, ..])
        {
            return Der.Mutate(value, random);
        }

        return depth > 0 && value.Length > 1 && TrySplit(value, out _)
            ? Mutate(value, random, depth - 1)
            : random.Once(2) ? Text.Mutate(value, random) : Bytes.Mutate(value, random);
    }

    private static byte[] AddedField(byte[] input, FuzzRandom random) =>
        [.. input, .. Join([new Field((ulong)random.Next(1, 64), random.Once(2) ? 0 : 2, random.Once(2) ? Varint(random.NextEdge()) : random.NextBytes(random.Next(9)))])];

    internal static bool TrySplit(byte[] input, out List<Field> fields)
    {
        fields = [];
        var at = 0;
        while (at < input.Length)
        {
            if (!TryVarint(input, ref at, out var tag) || tag >> 3 == 0)
            {
                return false;
            }

            var wire = (int)(tag & 7);
            var start = at;
            ulong length = 0;
            var isWhole = wire switch
            {
                0 => TryVarint(input, ref at, out _),
                1 => Skip(input, ref at, 8),
                2 => TryVarint(input, ref at, out length) && Skip(input, ref at, length),
                5 => Skip(input, ref at, 4),
                _ => false,
            };
            if (!isWhole)
            {
                return false;
            }

            fields.Add(new Field(tag >> 3, wire, input.AsMemory((wire == 2 ? at - (int)length : start)..at)));
        }

        return true;
    }

    private static byte[] Join(List<Field> fields)
    {
        var output = new ArrayBufferWriter<byte>();
        Span<byte> varint = stackalloc byte[VarintBytesMax];
        foreach (var field in fields)
        {
            output.Write(Varint((field.Number << 3) | (uint)field.Wire, varint));
            if (field.Wire == 2)
            {
                output.Write(Varint((ulong)field.Value.Length, varint));
            }

            output.Write(field.Value.Span);
        }

        return output.WrittenSpan.ToArray();
    }

    private static bool Skip(byte[] input, ref int at, ulong count)
    {
        if (count > (ulong)(input.Length - at))
        {
            return false;
        }

        at += (int)count;
        return true;
    }

    private static bool TryVarint(byte[] input, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && at < input.Length; shift += 7)
        {
            var b = input[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Varint(ulong value) => Varint(value, stackalloc byte[VarintBytesMax]).ToArray();

    private static ReadOnlySpan<byte> Varint(ulong value, Span<byte> bytes)
    {
        var count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            bytes[count++] = (byte)(value | 0x80);
        }

        bytes[count++] = (byte)value;
        return bytes[..count];
    }

    internal readonly record struct Field(ulong Number, int Wire, ReadOnlyMemory<byte> Value);
}
