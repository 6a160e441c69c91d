using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>The Internet checksum: the ones' complement of the ones' complement sum of 16-bit words (RFC 1071).</summary>
public static class InternetChecksum
{
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
    public static ushort Finish(ulong sum)
    {
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
