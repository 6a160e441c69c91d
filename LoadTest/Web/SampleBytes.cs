using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansUem.LoadTest.Web;

/// <summary>
/// A stream of any length that every process computes alike (xorshift64, Marsaglia 2003, one fixed seed), so that a download can be checked without
/// sharing a file. Not compressible, not secret.
/// </summary>
public sealed class SampleBytes
{
    /// <summary>Bytes of a block; <see cref="Fill"/> takes multiples of 8.</summary>
    public const int BlockBytes = 64 * 1024;

    private ulong _state = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Writes the next bytes of the stream.</summary>
    /// <param name="destination">A multiple of 8 bytes, but for the last call.</param>
    public void Fill(Span<byte> destination)
    {
        Span<byte> last = stackalloc byte[8];
        for (var offset = 0; offset < destination.Length; offset += 8)
        {
            _state ^= _state << 13;
            _state ^= _state >> 7;
            _state ^= _state << 17;
            var rest = destination[offset..];
            if (rest.Length >= 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(rest, _state);
            }
            else
            {
                BinaryPrimitives.WriteUInt64LittleEndian(last, _state);
                last[..rest.Length].CopyTo(rest);
            }
        }
    }

    /// <summary>SHA-256 of the first bytes of the stream.</summary>
    /// <param name="count">How many.</param>
    /// <returns>Lower-case hexadecimal.</returns>
    public static string Sha256(long count)
    {
        var sample = new SampleBytes();
        var block = new byte[BlockBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var rest = count; rest > 0; rest -= BlockBytes)
        {
            var take = block.AsSpan(0, (int)Math.Min(rest, BlockBytes));
            sample.Fill(take);
            hash.AppendData(take);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
