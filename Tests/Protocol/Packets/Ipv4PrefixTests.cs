using OrleansUem.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class Ipv4PrefixTests
{
    [Theory]
    [InlineData("0.0.0.0/0", "0.0.0.0", "255.255.255.255", 1L << 32)]
    [InlineData("10.1.0.0/16", "10.1.0.0", "10.1.255.255", 65536)]
    [InlineData("10.1.2.4/30", "10.1.2.4", "10.1.2.7", 4)]
    [InlineData("10.1.2.3/32", "10.1.2.3", "10.1.2.3", 1)]
    public void TryParse_Block_HasBoundsAndContainsThemOnly(string text, string first, string last, long count)
    {
        Assert.True(Ipv4Prefix.TryParse(text, out Ipv4Prefix prefix, out string? error), error);
        Assert.Equal(text, prefix.ToString());
        Assert.Equal(Ipv4Address.Parse(first), prefix.Network);
        Assert.Equal(Ipv4Address.Parse(last), prefix.Last);
        Assert.Equal(count, prefix.AddressCount);
        Assert.True(prefix.Contains(prefix.Network));
        Assert.True(prefix.Contains(prefix.Last));
        if (prefix.Length > 0)
        {
            Assert.False(prefix.Contains(new Ipv4Address(prefix.Network.Value - 1)));
            Assert.False(prefix.Contains(new Ipv4Address(prefix.Last.Value + 1)));
        }
    }

    [Fact]
    public void TryParse_NoSlash_IsOneAddress() => Assert.Equal("10.0.0.7/32", Ipv4Prefix.Parse("10.0.0.7").ToString());

    [Theory]
    [InlineData("10.1.2.3/16", "the network is 10.1.0.0/16")]
    [InlineData("10.0.0.0/33", "'33'")]
    [InlineData("10.0.0.0/", "''")]
    [InlineData("10.0.0.0/+8", "'+8'")]
    [InlineData("10.0.0.0/-1", "'-1'")]
    [InlineData("10.0.0.0/008", "'008'")]
    [InlineData("10.0.0/8", "'10.0.0'")]
    [InlineData("", "''")]
    public void TryParse_BadText_NamesTheBadPart(string text, string expected)
    {
        Assert.False(Ipv4Prefix.TryParse(text, out _, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Ipv4Prefix.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", true)]
    [InlineData("10.1.0.0/16", "10.0.0.0/8", true)]
    [InlineData("10.0.0.0/9", "10.128.0.0/9", false)]
    [InlineData("0.0.0.0/0", "192.0.2.1/32", true)]
    public void Overlaps_TwoBlocks_WhenOneContainsTheOther(string left, string right, bool expected) =>
        Assert.Equal(expected, Ipv4Prefix.Parse(left).Overlaps(Ipv4Prefix.Parse(right)));
}
