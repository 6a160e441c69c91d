using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Wire;

public sealed class ReasonTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("two\r\nlines\t", "two  lines ")]
    [InlineData("\u001b[31mred", " [31mred")]
    [InlineData("abc\u202edef\u2066", "abc def ")] // turns the direction of writing
    [InlineData("a\u2028b\u00ad\ufeffc", "a b  c")]
    [InlineData("Grüße \U0001F600", "Grüße \U0001F600")]
    public void Printable_WordsOfAPeer_HoldNothingThatMovesACursor(string text, string shown) => Assert.Equal(shown, ReasonText.Printable(text));

    [Fact]
    public void Cut_ThroughACharacterOfTwoUnits_CutsBeforeIt()
    {
        var text = new string('a', FrameLimits.MaxDetailCharacters - 1) + "\U0001F600";

        var cut = ReasonText.Cut(text);

        Assert.Equal(FrameLimits.MaxDetailCharacters - 1, cut.Length);
        Assert.Equal(cut, Close.Parser.ParseFrom(new Close { Detail = cut }.ToByteArray()).Detail);
    }
}
