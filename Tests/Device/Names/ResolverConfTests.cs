using System.Net;
using OrleansUem.Device.Names;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

public sealed class ResolverConfTests
{
    [Theory]
    [InlineData("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", "192.0.2.1 2001:db8::1", "", "")]
    [InlineData("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver\t192.0.2.3 \r\n", "192.0.2.3", "", "")]
    [InlineData("nameserver nonsense\nnameserver\n nameserver 192.0.2.9\n", "", "", "")]
    [InlineData("nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4", "1.1.1.1 1.1.1.2 1.1.1.3", "", "")]
    [InlineData("search a.example b.example\ndomain c.example d.example\n", "", "c.example", "")]
    [InlineData("domain c.example\nsearch a.example b.example\n", "", "a.example b.example", "")]
    [InlineData("options ndots:2\noptions rotate edns0\n", "", "", "ndots:2 rotate edns0")]
    [InlineData("", "", "", "")]
    public void Parse_Text_IsReadAsTheLibraryDoes(string text, string servers, string search, string options)
    {
        var conf = ResolverConf.Parse(text);
        Assert.Equal(servers, string.Join(' ', conf.Servers));
        Assert.Equal(search, string.Join(' ', conf.Search));
        Assert.Equal(options, string.Join(' ', conf.Options));
    }

    [Fact]
    public void PutBefore_Former_KeepsSearchAndOptionsAndNamesTheStubAlone() => Assert.Equal(
        "# mark\nnameserver 127.0.0.9\nsearch corp.example home.example\noptions ndots:2\n",
        ResolverConf.Parse("nameserver 192.0.2.1\nsearch home.example CORP.example\noptions ndots:2\n").PutBefore("mark", IPAddress.Parse("127.0.0.9"), ["corp.example"]));

    [Fact]
    public void PutBefore_ManyDomains_StopsAtWhatLibrariesTake()
    {
        var text = ResolverConf.Parse("").PutBefore("mark", IPAddress.Loopback, Enumerable.Range(0, 20).Select(i => $"d{i}.example"));
        Assert.Contains("search d0.example d1.example d2.example d3.example d4.example d5.example\n", text, StringComparison.Ordinal);
        var wide = ResolverConf.Parse("").PutBefore("mark", IPAddress.Loopback, Enumerable.Range(0, 5).Select(i => $"{i}{new string('x', 99)}.example"));
        Assert.Equal(2, wide.Split('\n').Single(line => line.StartsWith("search", StringComparison.Ordinal)).Split(' ').Length - 1);
    }
}
