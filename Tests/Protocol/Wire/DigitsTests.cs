using OrleansUem.Agent.Identity;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Wire;

public sealed class DigitsTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("007", 7)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    public void TryParse_Digits_IsTheNumber(string text, ulong expected)
    {
        Assert.True(Digits.TryParse(text, ulong.MaxValue, out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("4\0")] // .NET's own parsers take it for 4
    [InlineData("\0")]
    [InlineData(" 4")]
    [InlineData("+4")]
    [InlineData("-4")]
    [InlineData("4.0")]
    [InlineData("\u0664")] // a digit of another script
    [InlineData("101")]
    [InlineData("18446744073709551616")]
    [InlineData("000000000000000000004")]
    public void TryParse_AnythingElse_IsRefused(string text)
    {
        Assert.False(Digits.TryParse(text, max: 100, out var value));
        Assert.Equal(0UL, value);
    }

    [Fact]
    public void NulAfterTheDigits_IsNoSecondSpellingOfAnything()
    {
        Assert.False(Ipv4Address.TryParse("1\0.64.16.1", out _));
        Assert.False(Ipv4Prefix.TryParse("10.0.0.0/8\0", out _, out _));
        Assert.False(PortRange.TryParse("443\0", out _));
        Assert.False(RelayAddress.TryParse("relay.example.org:443\0", out _));
        Assert.False(GrainKeys.TryParseLease($"{new string('a', 64)}/laptop-7/4\0", out _, out _));
    }
}
