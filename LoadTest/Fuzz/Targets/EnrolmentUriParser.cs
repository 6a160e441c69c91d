using System.Text;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>An activation, invitation or join token as a person pastes it. What is accepted is written and read again to the same, and no error shows the secret.</summary>
internal sealed class EnrolmentUriParser : FuzzParser
{
    public override bool Take(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (!EnrolmentUri.TryParse(text, out var uri, out var error))
        {
            Require(error.Length > 0 && !error.Contains("AAECAwQFBgcICQoLDA0ODw", StringComparison.Ordinal), $"The error shows the secret: {error}");
            return false;
        }

        Require(EnrolmentUri.TryParse(uri.ToSecretText(), out var again, out error), $"What was written is not accepted: {error}");
        Require(uri.ToSecretText() == again!.ToSecretText() && uri.Secret.Span.SequenceEqual(again.Secret.Span), "What was written is another text.");
        Require(!uri.ToString().Contains("s=", StringComparison.Ordinal), "The text without the secret has it.");
        return true;
    }
}
