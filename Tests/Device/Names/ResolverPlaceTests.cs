using OrleansUem.Device.Names;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

public sealed class ResolverPlaceTests
{
    private const string Machine = """
        21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
        22 21 0:20 / /proc rw - proc proc rw
        23 21 0:21 / /run rw - tmpfs tmpfs rw
        30 23 0:4 net:[4026532200] /run/netns/lab rw - nsfs nsfs rw
        """;

    [Theory]
    [InlineData("net:[4026531840]", "", false)]
    [InlineData("net:[4026532200]", "", true)]
    [InlineData("net:[4026532200]", "40 21 254:0 /etc/netns/lab/resolv.conf /etc/resolv.conf rw - ext4 /dev/root rw", false)]
    [InlineData("net:[4026532200]", "40 21 254:0 /tmp/etc /etc rw - ext4 /dev/root rw", false)]
    [InlineData("net:[4026532200]", "40 21 0:44 / /etc2 rw - tmpfs none rw", true)]
    [InlineData("net:[4026532200]", "40 21 0:44 / / rw - overlay overlay rw", true)]
    public void IsOfAnotherNetwork_NamedAndMounted_IsTold(string network, string more, bool expected) =>
        Assert.Equal(expected, ResolverPlace.IsOfAnotherNetwork($"{Machine}\n{more}\n", network, "/etc/resolv.conf"));
}
