using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace OrleansUem.Protocol.Packets;

/// <summary>The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words (RFC 1071).</summary>
public static class InternetChecksum
{
    // Below this, setting the vectors up costs more than they save: 20-byte headers are the usual short input.
    private const int VectorsWorthwhile = 2;

    // Vectors are summed as 32-bit words in 64-bit lanes: no carry is lost below 2^32 words.
    private static readonly Vector<ulong> LowWords = new(uint.MaxValue);

    /// <summary>
    /// The checksum of <paramref name="bytes"/>, in host order: write it big-endian. Over bytes that already contain their
    /// right checksum the result is 0. An odd last byte counts as the high byte of a word.
    /// </summary>
    /// <param name="bytes">At most 65535 bytes are meaningful; more are summed just as well.</param>
    public static ushort Compute(ReadOnlySpan<byte> bytes) => Finish(Add(0, bytes));

    /// <summary>
    /// Adds bytes to a running sum, for a checksum over parts such as a pseudo-header. All parts but the last must have an
    /// even length, since words do not cross parts.
    /// </summary>
    /// <param name="sum">0 for the first part, then the last result.</param>
    /// <param name="bytes">The part.</param>
    public static ulong Add(ulong sum, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<Vector<ulong>> vectors = MemoryMarshal.Cast<byte, Vector<ulong>>(bytes);
        if (vectors.Length < VectorsWorthwhile)
        {
            return AddScalar(sum, bytes);
        }

        int taken = vectors.Length * Vector<byte>.Count;
        Vector<ulong> even = default;
        Vector<ulong> odd = default;
        while (vectors.Length >= 4)
        {
            even += (vectors[0] & LowWords) + (vectors[1] & LowWords) + (vectors[2] & LowWords) + (vectors[3] & LowWords);
            odd += (vectors[0] >> 32) + (vectors[1] >> 32) + (vectors[2] >> 32) + (vectors[3] >> 32);
            vectors = vectors[4..];
        }

        foreach (Vector<ulong> vector in vectors)
        {
            even += vector & LowWords;
            odd += vector >> 32;
        }

        return AddScalar(sum + InNetworkOrder(Vector.Sum(even + odd)), bytes[taken..]);
    }

    /// <summary>As <see cref="Add"/>, and copies the bytes in the same pass.</summary>
    /// <param name="sum">0 for the first part, then the last result.</param>
    /// <param name="source">The part.</param>
    /// <param name="destination">At least as long; must not overlap the source.</param>
    public static ulong CopyAndAdd(ulong sum, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Span<byte> target = destination[..source.Length];
        ReadOnlySpan<Vector<ulong>> from = MemoryMarshal.Cast<byte, Vector<ulong>>(source);
        Span<Vector<ulong>> to = MemoryMarshal.Cast<byte, Vector<ulong>>(target)[..from.Length];
        int taken = from.Length * Vector<byte>.Count;
        Vector<ulong> even = default;
        Vector<ulong> odd = default;
        while (from.Length >= 2 && to.Length >= 2)
        {
            Vector<ulong> first = from[0];
            Vector<ulong> second = from[1];
            to[0] = first;
            to[1] = second;
            even += (first & LowWords) + (second & LowWords);
            odd += (first >> 32) + (second >> 32);
            from = from[2..];
            to = to[2..];
        }

        for (int i = 0; i < from.Length && i < to.Length; i++)
        {
            to[i] = from[i];
            even += from[i] & LowWords;
            odd += from[i] >> 32;
        }

        source[taken..].CopyTo(target[taken..]);
        return AddScalar(sum + InNetworkOrder(Vector.Sum(even + odd)), source[taken..]);
    }

    /// <summary>The sum of the pseudo-header of TCP and UDP over IPv4 (RFC 9293 §3.1, RFC 768).</summary>
    /// <param name="source">The packet's source.</param>
    /// <param name="destination">The packet's destination.</param>
    /// <param name="protocol">6 or 17.</param>
    /// <param name="segmentBytes">Transport header and payload.</param>
    public static ulong PseudoHeader(
        Ipv4Address source, Ipv4Address destination, IpProtocolNumber protocol, ushort segmentBytes) =>
        (ulong)source.Value + destination.Value + (byte)protocol + segmentBytes;

    /// <summary>Folds the carries and complements.</summary>
    /// <param name="sum">From <see cref="Add"/>.</param>
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

    /// <summary>Folds the carries without complementing: what a checksum field holds when somebody else is to finish it.</summary>
    /// <param name="sum">From <see cref="Add"/> or <see cref="PseudoHeader"/>.</param>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)sum;
    }

    private static ulong AddScalar(ulong sum, ReadOnlySpan<byte> bytes)
    {
        // Sums of 32-bit words in a 64-bit accumulator do not overflow below 2^32 words: the carries wait in the high half
        // and are folded once at the end (RFC 1071 §2 (C)).
        while (bytes.Length >= sizeof(uint))
        {
            sum += BinaryPrimitives.ReadUInt32BigEndian(bytes);
            bytes = bytes[sizeof(uint)..];
        }

        if (bytes.Length >= sizeof(ushort))
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[sizeof(ushort)..];
        }

        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    // The sum does not depend on the byte order in which it is taken, up to an exchange of the result's bytes (RFC 1071 §2 (B)).
    private static ulong InNetworkOrder(ulong nativeSum)
    {
        ushort folded = Fold(nativeSum);
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded;
    }
}
