using System.Globalization;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// A CIDR block (RFC 4632 §3.1): an address whose host bits are zero and a length of 0 to 32. The default value is
/// 0.0.0.0/0, every address.
/// </summary>
public readonly record struct Ipv4Prefix
{
    private Ipv4Prefix(Ipv4Address network, int length)
    {
        Network = network;
        Length = length;
    }

    /// <summary>The first address of the block; its host bits are zero.</summary>
    public Ipv4Address Network { get; }

    /// <summary>Leading bits that are fixed, 0 to 32.</summary>
    public int Length { get; }

    /// <summary>The netmask: <see cref="Length"/> ones, then zeros.</summary>
    public Ipv4Address Mask => new(MaskOf(Length));

    /// <summary>The last address of the block; its directed broadcast when <see cref="Length"/> is below 31.</summary>
    public Ipv4Address Last => new(Network.Value | ~MaskOf(Length));

    /// <summary>Number of addresses, 1 to 2^32.</summary>
    public long AddressCount => 1L << (32 - Length);

    /// <summary>True when <paramref name="address"/> lies in the block.</summary>
    /// <param name="address">Any address.</param>
    public bool Contains(Ipv4Address address) => (address.Value & MaskOf(Length)) == Network.Value;

    /// <summary>True when every address of <paramref name="other"/> lies in this block.</summary>
    /// <param name="other">Any block.</param>
    public bool Contains(Ipv4Prefix other) => other.Length >= Length && Contains(other.Network);

    /// <summary>True when the two blocks have an address in common.</summary>
    /// <param name="other">Any block.</param>
    public bool Overlaps(Ipv4Prefix other) => Contains(other) || other.Contains(this);

    /// <summary>The block of <paramref name="length"/> bits around <paramref name="address"/>; host bits are cleared.</summary>
    /// <param name="address">Any address of the block.</param>
    /// <param name="length">0 to 32.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is outside 0 to 32.</exception>
    public static Ipv4Prefix Around(Ipv4Address address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 32);
        return new Ipv4Prefix(new Ipv4Address(address.Value & MaskOf(length)), length);
    }

    /// <summary>
    /// Parses <c>10.1.0.0/16</c>; an address without a slash is a block of one (/32). Set host bits are an error and not
    /// cleared silently: 10.1.2.3/16 is more often a slip in the length than a way to write 10.1.0.0/16.
    /// </summary>
    /// <param name="text">The block, without white space.</param>
    /// <param name="prefix">The block, or 0.0.0.0/0 on failure: check the result before using it.</param>
    /// <param name="error">What is wrong, quoting the bad part, or null.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Ipv4Prefix prefix, out string? error)
    {
        prefix = default;
        int slash = text.IndexOf('/');
        ReadOnlySpan<char> addressText = slash < 0 ? text : text[..slash];
        if (!Ipv4Address.TryParse(addressText, out Ipv4Address address))
        {
            error = $"'{addressText}' is not an IPv4 address of the form 10.0.0.0";
            return false;
        }

        int length = 32;
        if (slash >= 0)
        {
            ReadOnlySpan<char> lengthText = text[(slash + 1)..];
            if (lengthText.Length > 2 || !Digits.TryParse(lengthText, max: 32, out ulong number))
            {
                error = $"'{lengthText}' is not a prefix length from 0 to 32";
                return false;
            }

            length = (int)number;
        }

        Ipv4Prefix around = Around(address, length);
        if (around.Network != address)
        {
            error = $"'{text}' has host bits set; the network is {around}";
            return false;
        }

        prefix = around;
        error = null;
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, but throws for configuration that is read once at start.</summary>
    /// <param name="text">The block.</param>
    /// <exception cref="FormatException">The message says which part is wrong.</exception>
    public static Ipv4Prefix Parse(ReadOnlySpan<char> text) => TryParse(text, out Ipv4Prefix prefix, out string? error)
        ? prefix
        : throw new FormatException(error + ".");

    /// <summary>CIDR text, always with the length: 10.1.2.3/32.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}/{Length}");

    // A shift by 32 is a shift by 0 in C#, so length 0 needs its own case.
    private static uint MaskOf(int length) => length == 0 ? 0 : uint.MaxValue << (32 - length);
}
