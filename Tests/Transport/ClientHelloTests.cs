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
}
