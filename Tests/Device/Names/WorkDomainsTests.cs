using OrleansUem.Device.Names;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

public sealed class WorkDomainsTests
{
    [Theory]
    [InlineData("corp.example", "web.corp.example", true)]
    [InlineData("corp.example", "corp.example", true)]
    [InlineData("corp.example", "CORP.Example.", true)]
    [InlineData("Corp.Example.", "a.b.corp.example", true)]
    [InlineData("corp.example", "notcorp.example", false)]
    [InlineData("corp.example", "corp.example.org", false)]
    [InlineData("corp.example", "example", false)]
    [InlineData("corp.example", "web", false)]
    [InlineData("corp.example", "", false)]
    [InlineData("corp.example lab", "x.lab", true)]
    [InlineData("", "web.corp.example", false)]
    public void Contains_Name_IsBySuffixAtADot(string domains, string name, bool expected) =>
        Assert.Equal(expected, WorkDomains.Of(domains.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Contains(name));

    [Fact]
    public void Contains_WithAll_TakesEveryNameAndTheRoot()
    {
        Assert.True(WorkDomains.All().Contains("www.public.example"));
        Assert.True(WorkDomains.All().Contains(""));
    }
}
