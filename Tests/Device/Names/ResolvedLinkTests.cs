using OrleansUem.Device.Names;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

public sealed class ResolvedLinkTests
{
    [Theory]
    [InlineData("nameserver 127.0.0.53\n", true, true)]
    [InlineData("nameserver 127.0.0.54\n", true, true)]
    [InlineData("nameserver 192.0.2.1\nnameserver 127.0.0.53\n", false, true)]
    [InlineData("nameserver 127.0.0.1\n", false, false)]
    [InlineData("", false, false)]
    public void Former_File_TellsWhetherResolvedIsAsked(string text, bool isAsked, bool isAmong)
    {
        Assert.Equal(isAsked, ResolvedLink.IsAsked(ResolverConf.Parse(text)));
        Assert.Equal(isAmong, ResolvedLink.IsAmong(ResolverConf.Parse(text)));
    }

    [Theory]
    [InlineData("corp.example lab.example", "domain uem0 corp.example lab.example", "default-route uem0 no")]
    [InlineData("", "domain uem0 ~.", "default-route uem0 yes")]
    public void Commands_OfDomains_RouteThemAndNothingElse(string domains, string domain, string defaultRoute)
    {
        var commands = ResolvedLink.Commands("uem0", ["10.1.0.53", "10.1.0.54"], domains.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(words => string.Join(' ', words)).ToArray();
        Assert.Equal(
            ["dns uem0 10.1.0.53 10.1.0.54", domain, defaultRoute, "llmnr uem0 no", "mdns uem0 no", "dnssec uem0 no", "dnsovertls uem0 no", "flush-caches"], commands);
    }
}
