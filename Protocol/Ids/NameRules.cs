using System.Diagnostics.CodeAnalysis;

namespace OrleansUem.Protocol.Ids;

/// <summary>
/// The text rule shared by the names an organisation or an operator gives: devices, nodes, edges and silos.
/// 1..63 characters of <c>a-z 0-9 . _ -</c>, the first a letter or digit, so that a name is a path segment of a SAN URI
/// (RFC 3986 §3.3), a grain key and a file name without escaping.
/// </summary>
public static class NameRules
{
    /// <summary>The most characters a name has; 63 as a DNS label (RFC 1035 §2.3.4).</summary>
    public const int MaxCharacters = 63;

    /// <summary>Whether <paramref name="text"/> is a name.</summary>
    /// <param name="text">The candidate; null is not a name.</param>
    /// <returns>True when it keeps the rule.</returns>
    public static bool IsName([NotNullWhen(true)] string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxCharacters || !char.IsAsciiLetterOrDigit(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Throws when <paramref name="text"/> is not a name.</summary>
    /// <param name="text">The candidate.</param>
    /// <param name="what">What the name is for, used in the error.</param>
    /// <returns>The same text.</returns>
    /// <exception cref="FormatException">The text breaks the rule; the message names what, the value and the bound.</exception>
    public static string Require(string? text, string what) =>
        IsName(text)
            ? text
            : throw new FormatException(
                $"{what} '{text}' is not a name: 1..{MaxCharacters} characters of a-z 0-9 . _ -, the first a letter or digit.");
}
