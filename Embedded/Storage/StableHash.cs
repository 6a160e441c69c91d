using System.Buffers.Binary;
using System.Numerics;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// The hash of Orleans' AdoNet tables: xxHash32 with seed 0 (xxHash specification, XXH32), its four bytes in big-endian
/// order read as a little-endian number.
/// </summary>
internal static class StableHash
{
    private const uint Prime1 = 2654435761;
    private const uint Prime2 = 2246822519;
    private const uint Prime3 = 3266489917;
    private const uint Prime4 = 668265263;
    private const uint Prime5 = 374761393;
    private const int StripeBytes = 16;

    internal static int Compute(ReadOnlySpan<byte> bytes) =>
        unchecked((int)BinaryPrimitives.ReverseEndianness(XxHash32(bytes)));

    /// <summary>Orleans' uniform hash of a grain id: 31 × the type's hash + the key's.</summary>
    internal static int OfGrain(GrainId id) => unchecked(
        (Compute(System.Text.Encoding.UTF8.GetBytes(id.Type.Value)) * 31) + Compute(System.Text.Encoding.UTF8.GetBytes(id.Key.Value)));

    internal static uint XxHash32(ReadOnlySpan<byte> bytes)
    {
        unchecked
        {
            var rest = bytes;
            uint hash;
            if (bytes.Length >= StripeBytes)
            {
                uint a = Prime1 + Prime2, b = Prime2, c = 0, d = 0 - Prime1;
                for (; rest.Length >= StripeBytes; rest = rest[StripeBytes..])
                {
                    a = Round(a, rest);
                    b = Round(b, rest[4..]);
                    c = Round(c, rest[8..]);
                    d = Round(d, rest[12..]);
                }

                hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7)
                    + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
            }
            else
            {
                hash = Prime5;
            }

            hash += (uint)bytes.Length;
            for (; rest.Length >= 4; rest = rest[4..])
            {
                hash += BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime3;
                hash = BitOperations.RotateLeft(hash, 17) * Prime4;
            }

            foreach (var value in rest)
            {
                hash += value * Prime5;
                hash = BitOperations.RotateLeft(hash, 11) * Prime1;
            }

            hash ^= hash >> 15;
            hash *= Prime2;
            hash ^= hash >> 13;
            hash *= Prime3;
            return hash ^ (hash >> 16);
        }
    }

    private static uint Round(uint lane, ReadOnlySpan<byte> bytes) => unchecked(
        BitOperations.RotateLeft(lane + (BinaryPrimitives.ReadUInt32LittleEndian(bytes) * Prime2), 13) * Prime1);
}
