using System.Globalization;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Packets;

/// <summary>Ports from <paramref name="First"/> to <paramref name="Last"/>, both included.</summary>
/// <param name="First">1 to 65535.</param>
/// <param name="Last">At least <paramref name="First"/>.</param>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>True when <paramref name="port"/> lies in the range.</summary>
    /// <param name="port">Any port.</param>
    public bool Contains(ushort port) => port >= First && port <= Last;

    /// <summary>Parses <c>443</c> or <c>8000-8100</c>.</summary>
    /// <param name="text">Without white space.</param>
    /// <param name="range">The range, or the default on failure.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out PortRange range)
    {
        range = default;
        int dash = text.IndexOf('-');
        ReadOnlySpan<char> lastText = dash < 0 ? text : text[(dash + 1)..];
        if (!Digits.TryParsePort(dash < 0 ? text : text[..dash], out int first) || !Digits.TryParsePort(lastText, out int last)
            || first > last)
        {
            return false;
        }

        range = new PortRange((ushort)first, (ushort)last);
        return true;
    }

    /// <summary>As it is parsed.</summary>
    public override string ToString() => First == Last
        ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}
