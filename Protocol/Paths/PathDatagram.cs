using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OrleansUem.Protocol.Paths;

/// <summary>
/// A datagram about the path, in network byte order, the same layout both ways:
/// <code>
///  offset size field    range / meaning
///       0    1 Type     PathDatagramType
///       1    1 Version  1; another one is dropped
///       2    2 Bytes    of the whole datagram, PathLimits.DatagramBytesMin..DatagramBytesMax; must equal what arrived
///       4    4 Reserved 0 from a writer, ignored by a reader
///       8    8 PathId   from ATTACHED
///      16    8 Counter  of a probe: above that of every probe before it in the session; of an ack: the probe's
///      24    8 Token    of an ack: drawn by the edge for the address that the probe came from; of a probe: that of the last ack, 0 before the first
///      32   16 Mac      the first 16 bytes of HMAC-SHA256 over offsets 0..31, under the direction's key (PathKeys)
///      48    … Padding  zero from a writer, ignored by a reader: the size is the message
/// </code>
/// </summary>
/// <param name="Type">Probe or ack.</param>
/// <param name="Bytes">Size of the datagram.</param>
/// <param name="PathId">The path.</param>
/// <param name="Counter">Which probe.</param>
/// <param name="Token">Proof that the sender of a probe receives at the address that it sends from.</param>
public readonly record struct PathDatagram(PathDatagramType Type, int Bytes, ulong PathId, ulong Counter, ulong Token)
{
    /// <summary>Everything before the padding.</summary>
    public const int HeaderBytes = MacOffset + MacBytes;

    /// <summary>128 bits of the MAC: a guess costs a datagram and there are 2^128 of them (RFC 2104 §5 asks for half of the hash).</summary>
    public const int MacBytes = 16;

    private const byte Version = 1;
    private const int MacOffset = 32;

    /// <summary>Reads a datagram's fields. The MAC is not looked at: <see cref="IsAuthentic"/>.</summary>
    /// <param name="source">The whole datagram; any bytes.</param>
    /// <param name="datagram">The fields.</param>
    /// <returns>False when it is no path datagram of this version, or another size than it says.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out PathDatagram datagram)
    {
        datagram = default;
        if (source.Length is < PathLimits.DatagramBytesMin or > PathLimits.DatagramBytesMax
            || !IsPathDatagram(source[0])
            || source[1] != Version
            || BinaryPrimitives.ReadUInt16BigEndian(source[2..]) != source.Length)
        {
            return false;
        }

        datagram = new PathDatagram(
            (PathDatagramType)source[0],
            source.Length,
            BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[24..]));
        return true;
    }

    /// <summary>Whether a datagram that begins with this byte is about the path.</summary>
    /// <param name="first">Its first byte.</param>
    /// <returns>True for a probe or an ack.</returns>
    public static bool IsPathDatagram(byte first) => (PathDatagramType)first is PathDatagramType.Probe or PathDatagramType.Ack;

    /// <summary>Checks the MAC in constant time.</summary>
    /// <param name="source">The whole datagram, one that <see cref="TryRead"/> took.</param>
    /// <param name="key">The key of its direction.</param>
    /// <returns>True when whoever wrote it has the key.</returns>
    public static bool IsAuthentic(ReadOnlySpan<byte> source, ReadOnlySpan<byte> key)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, source[..MacOffset], mac);
        return CryptographicOperations.FixedTimeEquals(mac[..MacBytes], source.Slice(MacOffset, MacBytes));
    }

    /// <summary>Writes the datagram with its MAC and padding.</summary>
    /// <param name="destination">At least <see cref="Bytes"/>.</param>
    /// <param name="key">The key of its direction.</param>
    public void Write(Span<byte> destination, ReadOnlySpan<byte> key)
    {
        var datagram = destination[..Bytes];
        datagram.Clear();
        datagram[0] = (byte)Type;
        datagram[1] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], checked((ushort)Bytes));
        BinaryPrimitives.WriteUInt64BigEndian(datagram[8..], PathId);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[16..], Counter);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[24..], Token);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, datagram[..MacOffset], mac);
        mac[..MacBytes].CopyTo(datagram[MacOffset..]);
    }
}
