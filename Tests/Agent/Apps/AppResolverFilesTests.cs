using OrleansUem.Agent.Apps;
using Xunit;

namespace OrleansUem.Tests.Agent.Apps;

public sealed class AppResolverFilesTests
{
    // Lines of Debian, Ubuntu and Fedora, and what is left of them.
    [Theory]
    [InlineData("hosts:          files dns", "hosts: files dns")]
    [InlineData("hosts: files mdns4_minimal [NOTFOUND=return] dns", "hosts: files dns")]
    [InlineData("hosts: files myhostname resolve [!UNAVAIL=return] dns", "hosts: files myhostname dns")]
    [InlineData("  hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns", "hosts: files myhostname dns")]
    [InlineData("passwd: files systemd", "passwd: files systemd")]
    [InlineData("# hosts: files resolve", "# hosts: files resolve")]
    public void RewriteSwitch_OfALine_LeavesFilesAndDns(string line, string expected) =>
        Assert.Equal($"networks: files\n{expected}\n", AppResolverFiles.RewriteSwitch(["networks: files", line]));
}
