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

    /// <summary>Cuts a detail text to <see cref="FrameLimits.MaxDetailCharacters"/>.</summary>
    /// <param name="detail">The text.</param>
    /// <returns>At most that many characters.</returns>
    public static string Cut(string detail)
    {
        ArgumentNullException.ThrowIfNull(detail);
        return detail.Length <= FrameLimits.MaxDetailCharacters ? detail : detail[..FrameLimits.MaxDetailCharacters];
    }
}
