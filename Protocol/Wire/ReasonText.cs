using System.Globalization;

namespace OrleansUem.Protocol.Wire;

/// <summary>Reasons to and from the wire and for people.</summary>
public static class ReasonText
{
    /// <summary>A number from the wire as a reason; unknown numbers of a later version stay as they are.</summary>
    /// <param name="value">The number.</param>
    /// <returns>The reason; may be no named member.</returns>
    public static Reason FromWire(uint value) => value <= int.MaxValue ? (Reason)value : Reason.None;

    /// <summary>The member's name, or <c>reason N</c> for a number of a later version.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>Text for logs, metrics and people.</returns>
    public static string Describe(this Reason reason) =>
        Enum.GetName(reason) ?? string.Create(CultureInfo.InvariantCulture, $"reason {(int)reason}");

    /// <summary>Cuts a detail text to <see cref="FrameLimits.MaxDetailCharacters"/>, never through the middle of a character of two UTF-16 units.</summary>
    /// <param name="detail">The text.</param>
    /// <returns>At most that many characters.</returns>
    public static string Cut(string detail)
    {
        ArgumentNullException.ThrowIfNull(detail);
        const int Max = FrameLimits.MaxDetailCharacters;
        return detail.Length <= Max ? detail : char.IsHighSurrogate(detail[Max - 1]) ? detail[..(Max - 1)] : detail[..Max];
    }

    /// <summary>
    /// What a peer wrote for people, fit for a terminal and a log: cut, and with a space for each character that moves the cursor, ends the line, turns the direction of writing or is invisible.
    /// </summary>
    /// <param name="detail">As received.</param>
    /// <returns>At most <see cref="FrameLimits.MaxDetailCharacters"/> characters.</returns>
    public static string Printable(string detail)
    {
        var text = Cut(detail);
        return text.Any(IsUnprintable) ? string.Concat(text.Select(c => IsUnprintable(c) ? ' ' : c)) : text;
    }

    private static bool IsUnprintable(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
