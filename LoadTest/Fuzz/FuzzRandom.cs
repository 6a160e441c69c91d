using System.Numerics;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers for a seed on every machine and every version of .NET, and no cost to start one for each input.</summary>
internal sealed class FuzzRandom(ulong seed)
{
    private static readonly ulong[] Edges =
    [
        0, 1, 2, 7, 8, 0x0F, 0x10, 0x3F, 0x40, 0x7F, 0x80, 0xFF, 0x100, 0x3FFF, 0x4000, 0x4100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000,
        0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    private ulong _state = seed;

    /// <summary>The stream of one input of a run.</summary>
    public static FuzzRandom ForInput(ulong seed, long index) => new((seed * 0x9E37_79B9_7F4A_7C15) ^ BitOperations.RotateLeft((ulong)index * 0xD1B5_4A32_D192_ED03, 31));

    public ulong NextUInt64()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>0..<paramref name="bound"/> - 1; 0 for a bound of 0.</summary>
    public int Next(int bound) => bound <= 1 ? 0 : (int)(((UInt128)NextUInt64() * (uint)bound) >> 64);

    public int Next(int from, int to) => from + Next(to - from);

    /// <summary>True once in <paramref name="times"/>.</summary>
    public bool Once(int times) => Next(times) == 0;

    public byte NextByte() => (byte)NextUInt64();

    /// <summary>A number at which lengths, counts and ranges tend to break, or next to one, or any.</summary>
    public ulong NextEdge()
    {
        var edge = Edges[Next(Edges.Length)];
        return Next(4) switch { 0 => edge - 1, 1 => edge + 1, 2 => edge, _ => NextUInt64() >> Next(64) };
    }

    public byte[] NextBytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    public void Fill(Span<byte> bytes)
    {
        foreach (ref var b in bytes)
        {
            b = NextByte();
        }
    }
}
