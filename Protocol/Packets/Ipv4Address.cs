using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// An IPv4 address as one 32-bit number in host order: 10.0.0.1 is 0x0A000001. A value type, so that a packet's
/// addresses cost no allocation, and numerically ordered, so that a prefix is a mask and a comparison.
/// </summary>
/// <param name="Value">The address; the first octet is the most significant byte.</param>
public readonly record struct Ipv4Address(uint Value) : IComparable<Ipv4Address>
{
    /// <summary>Bytes of an address on the wire.</summary>
    public const int WireBytes = 4;

    /// <summary>0.0.0.0: "this host" (RFC 1122 §3.2.1.3), never a peer.</summary>
    public static readonly Ipv4Address Any;

    /// <summary>255.255.255.255: the limited broadcast address (RFC 1122 §3.2.1.3).</summary>
    public static readonly Ipv4Address Broadcast = new(uint.MaxValue);

    /// <summary>True in 224.0.0.0/4 (RFC 5771).</summary>
    public bool IsMulticast => Value >> 28 == 0xE;

    /// <summary>True in 127.0.0.0/8 (RFC 1122 §3.2.1.3).</summary>
    public bool IsLoopback => Value >> 24 == 127;

    /// <summary>
    /// True when the address names one host: not 0.0.0.0/8, loopback, multicast, class E or broadcast
    /// (RFC 1122 §3.2.1.3). Directed broadcast depends on the network's mask and is not seen here.
    /// </summary>
    public bool IsUnicastHost => Value >> 24 is not 0 and not 127 && Value >> 28 < 0xE;

    /// <summary>Reads the four bytes at the start of <paramref name="bytes"/>, which must hold at least four.</summary>
    /// <param name="bytes">Network order.</param>
    public static Ipv4Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    /// <summary>Writes four bytes in network order at the start of <paramref name="destination"/>.</summary>
    /// <param name="destination">At least four bytes.</param>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt32BigEndian(destination, Value);

    /// <summary>
    /// Parses dotted decimal of exactly four parts. Octal, hexadecimal and short forms ("10.1"), which
    /// <see cref="IPAddress"/> accepts, are refused: one text means one address.
    /// </summary>
    /// <param name="text">For example <c>10.0.0.1</c>, without white space.</param>
    /// <param name="address">The address, or <see cref="Any"/> on failure.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Ipv4Address address)
    {
        address = default;
        uint value = 0;
        for (int part = 0; part < 4; part++)
        {
            int end = part == 3 ? text.Length : text.IndexOf('.');
            if (end is < 1 or > 3 || (end > 1 && text[0] == '0')
                || !Digits.TryParse(text[..end], byte.MaxValue, out ulong octet))
            {
                return false;
            }

            value = (value << 8) | (uint)octet;
            text = part == 3 ? [] : text[(end + 1)..];
        }

        address = new Ipv4Address(value);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, but throws for configuration that is read once at start.</summary>
    /// <param name="text">Dotted decimal.</param>
    /// <exception cref="FormatException">The text is not an IPv4 address; the message quotes it.</exception>
    public static Ipv4Address Parse(ReadOnlySpan<char> text) => TryParse(text, out Ipv4Address address)
        ? address
        : throw new FormatException($"'{text}' is not an IPv4 address of the form 10.0.0.1.");

    /// <summary>The address as the framework's type; allocates.</summary>
    public IPAddress ToIPAddress() => new(BinaryPrimitives.ReverseEndianness(Value));

    /// <summary>Takes the framework's type; false for IPv6, except IPv4-mapped addresses.</summary>
    /// <param name="source">Any address or null.</param>
    /// <param name="address">The address, or <see cref="Any"/> on failure.</param>
    public static bool TryFrom([NotNullWhen(true)] IPAddress? source, out Ipv4Address address)
    {
        address = default;
        Span<byte> bytes = stackalloc byte[16];
        if (source is null || !source.TryWriteBytes(bytes, out int written) || (written != 4 && !source.IsIPv4MappedToIPv6))
        {
            return false;
        }

        address = Read(bytes[(written - 4)..]);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(Ipv4Address other) => Value.CompareTo(other.Value);

    /// <summary>True when <paramref name="left"/> is numerically below <paramref name="right"/>.</summary>
    public static bool operator <(Ipv4Address left, Ipv4Address right) => left.Value < right.Value;

    /// <summary>True when <paramref name="left"/> is numerically above <paramref name="right"/>.</summary>
    public static bool operator >(Ipv4Address left, Ipv4Address right) => left.Value > right.Value;

    /// <summary>True when <paramref name="left"/> is not above <paramref name="right"/>.</summary>
    public static bool operator <=(Ipv4Address left, Ipv4Address right) => left.Value <= right.Value;

    /// <summary>True when <paramref name="left"/> is not below <paramref name="right"/>.</summary>
    public static bool operator >=(Ipv4Address left, Ipv4Address right) => left.Value >= right.Value;

    /// <summary>Dotted decimal.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Value >> 24}.{(Value >> 16) & 255}.{(Value >> 8) & 255}.{Value & 255}");
}
