using System.Globalization;

namespace OrleansUem.Protocol.Wire;

/// <summary>
/// Decimal numbers in texts that others wrote. .NET's parsers take NUL characters after the digits, whatever the style, so that <c>"4\0"</c> would be a second spelling of 4; here a number is digits and nothing else.
/// </summary>
public static class Digits
{
    /// <summary>Reads digits.</summary>
    /// <param name="text">The candidate.</param>
    /// <param name="max">The largest value that is taken.</param>
    /// <param name="value">The number, or 0 on failure.</param>
    /// <returns>False unless the text is 1..20 digits, leading zeros included, of a number of at most <paramref name="max"/>.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, ulong max, out ulong value)
    {
        const int LongestUInt64 = 20;
        value = 0;
        if (text.IsEmpty || text.Length > LongestUInt64 || text.ContainsAnyExceptInRange('0', '9')
            || !ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > max)
        {
            return false;
        }

        value = number;
        return true;
    }

    /// <summary>Reads a TCP or UDP port.</summary>
    /// <param name="text">The candidate.</param>
    /// <param name="port">1..65535 on success.</param>
    /// <returns>False unless it is digits of a port.</returns>
    public static bool TryParsePort(ReadOnlySpan<char> text, out int port)
    {
        var isNumber = TryParse(text, ushort.MaxValue, out var value);
        port = (int)value;
        return isNumber && port > 0;
    }
}
