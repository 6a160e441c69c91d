using System.Buffers.Binary;

namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>Plain bytes: flips, numbers at their edges, cuts, insertions, repetitions.</summary>
internal sealed class BytesShape : FuzzShape
{
    public override byte[] Mutate(byte[] input, FuzzRandom random)
    {
        if (input.Length == 0)
        {
            return random.NextBytes(random.Next(1, 9));
        }

        var at = random.Next(input.Length);
        return random.Next(9) switch
        {
            0 => Changed(input, at, b => (byte)(b ^ (1 << random.Next(8)))),
            1 => Changed(input, at, _ => random.NextByte()),
            2 => Changed(input, at, _ => (byte)random.NextEdge()),
            3 => WithNumber(input, at, random),
            4 => input[..at],
            5 => Without(input, at, random.Next(1, Math.Min(input.Length - at, 32) + 1)),
            6 => With(input, at, random.NextBytes(random.Next(1, 17))),
            7 => Repeated(input, at, random),
            _ => Swapped(input, at, random),
        };
    }

    internal static byte[] Without(byte[] input, int at, int count) => [.. input.AsSpan(0, at), .. input.AsSpan(at + count)];

    internal static byte[] With(byte[] input, int at, ReadOnlySpan<byte> added) => Bounded([.. input.AsSpan(0, at), .. added, .. input.AsSpan(at)]);

    private static byte[] Changed(byte[] input, int at, Func<byte, byte> change)
    {
        var bytes = (byte[])input.Clone();
        bytes[at] = change(bytes[at]);
        return bytes;
    }

    private static byte[] WithNumber(byte[] input, int at, FuzzRandom random)
    {
        var bytes = (byte[])input.Clone();
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, random.NextEdge());
        var width = Math.Min(bytes.Length - at, 1 << random.Next(1, 4));
        number[(8 - width)..].CopyTo(bytes.AsSpan(at, width));
        return bytes;
    }

    private static byte[] Repeated(byte[] input, int at, FuzzRandom random)
    {
        var part = input.AsSpan(at, random.Next(1, input.Length - at + 1));

        // Mostly once; now and then so often that only a bound stops it.
        var times = random.Once(50) ? Math.Min(4_096, MaxBytes / part.Length) : random.Next(1, 4);
        var bytes = new byte[input.Length + (part.Length * times)];
        input.AsSpan(0, at).CopyTo(bytes);
        for (var i = 0; i < times; i++)
        {
            part.CopyTo(bytes.AsSpan(at + (i * part.Length)));
        }

        input.AsSpan(at).CopyTo(bytes.AsSpan(at + (times * part.Length)));
        return Bounded(bytes);
    }

    private static byte[] Swapped(byte[] input, int at, FuzzRandom random)
    {
        var bytes = (byte[])input.Clone();
        var other = random.Next(input.Length);
        var count = Math.Min(random.Next(1, 17), input.Length - Math.Max(at, other));
        input.AsSpan(other, count).CopyTo(bytes.AsSpan(at));
        input.AsSpan(at, count).CopyTo(bytes.AsSpan(other));
        return bytes;
    }
}
