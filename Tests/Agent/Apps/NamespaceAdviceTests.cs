using OrleansUem.Agent.Apps;
using Xunit;

namespace OrleansUem.Tests.Agent.Apps;

public sealed class NamespaceAdviceTests
{
    [Theory]
    [InlineData("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000")]
    [InlineData("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1")]
    [InlineData("kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0")]
    [InlineData("kernel/apparmor_restrict_unprivileged_userns", "0", "Run this command as root, or in a container")]
    [InlineData("none", "0", "Run this command as root, or in a container")]
    public void Explain_ByTheSettingThatForbids_SaysWhatToDo(string setting, string value, string advice)
    {
        var line = NamespaceAdvice.Explain("unshare: unshare failed: Operation not permitted\n", isRootless: true, name => name == setting ? value : null);
        Assert.StartsWith("The apps' network can't be made: unshare: unshare failed: Operation not permitted. ", line, StringComparison.Ordinal);
        Assert.Contains(advice, line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Fact]
    public void Explain_OfRoot_NamesTheCapabilities() =>
        Assert.EndsWith("CAP_SYS_ADMIN and CAP_NET_ADMIN.", NamespaceAdvice.Explain("", isRootless: false, _ => null), StringComparison.Ordinal);
}
