using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class ClientHelloTests
{
    [Theory]
    [InlineData("16", true, 0)]
    [InlineData("160301", true, 0)]
    [InlineData("1603010200", true, 517)]
    [InlineData("1603034000", true, 16_389)]
    [InlineData("1603034001", false, 16_390)]
    [InlineData("1603010000", false, 5)]
    [InlineData("1602010010", false, 0)]
    [InlineData("1503010002", false, 0)]
    [InlineData("8046010301", false, 0)] // SSL 2
    [InlineData("474554202F", false, 0)] // GET /
    public void TryGetLength_FirstBytes_TellTheRecordsLength(string hex, bool isTls, int expected)
    {
        Assert.Equal(isTls, ClientHello.TryGetLength(Convert.FromHexString(hex), out var length));
        Assert.Equal(expected, length);
    }

    [Theory]
    [InlineData("002b0003020304", true)]
    [InlineData("002b0005040303" + "0304", true)]
    [InlineData("0010000908" + "687474702f312e31" + "002b0003020304", true)]
    [InlineData("002b0003020303", false)]
    [InlineData("002b00020304", false)] // a list that is longer than its extension
    [InlineData("002b0003030304", false)]
    [InlineData("00100002", false)]
    [InlineData("", false)]
    public void OffersTls13_Extensions_TellTheVersions(string extensions, bool expected)
    {
        var body = "0303" + new string('0', 64) + "00" + "00021301" + "0100" + $"{extensions.Length / 2:x4}" + extensions;
        var message = "01" + $"{body.Length / 2:x6}" + body;
        var record = Convert.FromHexString("160301" + $"{message.Length / 2:x4}" + message);

        Assert.Equal(expected, ClientHello.OffersTls13(record));
        for (var bytes = 1; bytes < record.Length; bytes++)
        {
            Assert.False(ClientHello.OffersTls13(record.AsSpan(0, bytes)));
        }
    }
}
