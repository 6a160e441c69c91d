using System.Net;
using OrleansUem.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class Ipv4AddressTests
{
    [Theory]
    [InlineData("0.0.0.0", 0x00000000u)]
    [InlineData("10.0.0.1", 0x0A000001u)]
    [InlineData("255.255.255.255", 0xFFFFFFFFu)]
    [InlineData("192.168.1.200", 0xC0A801C8u)]
    public void TryParse_DottedDecimal_RoundTrips(string text, uint value)
    {
        Assert.True(Ipv4Address.TryParse(text, out Ipv4Address address));
        Assert.Equal(value, address.Value);
        Assert.Equal(text, address.ToString());
        Assert.Equal(IPAddress.Parse(text), address.ToIPAddress());
        Assert.True(Ipv4Address.TryFrom(IPAddress.Parse(text), out Ipv4Address back));
        Assert.Equal(address, back);
        Assert.True(Ipv4Address.TryFrom(IPAddress.Parse("::ffff:" + text), out back));
        Assert.Equal(address, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10.1")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.0004")]
    [InlineData("01.2.3.4")]
    [InlineData("0x1.2.3.4")]
    [InlineData("1.2.3.-4")]
    [InlineData("1.2.3.+4")]
    [InlineData(" 1.2.3.4")]
    [InlineData("1.2.3.4 ")]
    [InlineData("::1")]
    public void TryParse_OtherForms_Refused(string text)
    {
        Assert.False(Ipv4Address.TryParse(text, out _));
        FormatException e = Assert.Throws<FormatException>(() => Ipv4Address.Parse(text));
        Assert.Contains($"'{text}'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("223.255.255.254", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("240.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    public void IsUnicastHost_Address_AsRfc1122(string text, bool expected) =>
        Assert.Equal(expected, Ipv4Address.Parse(text).IsUnicastHost);

    [Fact]
    public void TryFrom_Ipv6OrNull_Refused()
    {
        Assert.False(Ipv4Address.TryFrom(IPAddress.IPv6Loopback, out _));
        Assert.False(Ipv4Address.TryFrom(null, out _));
    }
}
