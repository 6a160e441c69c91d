using OrleansUem.Protocol.Identity;

namespace OrleansUem.Uem;

/// <summary>Reads the <c>uem://</c> texts that people paste.</summary>
internal static class EnrolmentTexts
{
    /// <summary>Reads one of the expected kind.</summary>
    /// <param name="text">What was pasted.</param>
    /// <param name="kind">The kind that the command takes.</param>
    /// <param name="madeBy">The command that makes such texts.</param>
    /// <returns>The parts.</returns>
    /// <exception cref="FormatException">Not such a text; the message says what is wrong and never holds the secret.</exception>
    public static EnrolmentUri Read(string text, EnrolmentKind kind, string madeBy)
    {
        if (!EnrolmentUri.TryParse(text.Trim(), out var uri, out var error))
        {
            throw new FormatException($"This is not a text from '{madeBy}'. {error}");
        }

        return uri.Kind == kind
            ? uri
            : throw new FormatException($"This text is for another purpose ({uri.Kind}); the one for this command comes from '{madeBy}'.");
    }
}
