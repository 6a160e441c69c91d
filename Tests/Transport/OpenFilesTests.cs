using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class OpenFilesTests
{
    [Theory]
    [InlineData("Max open files            1024                 524288               files     ", 1_024)]
    [InlineData("Max open files            unlimited            unlimited            files     ", null)]
    [InlineData("Max open files", null)]
    [InlineData("Max processes             92736                92736                processes ", null)]
    public void ReadLimit_Lines_GiveTheSoftLimit(string line, int? expected) =>
        Assert.Equal(expected, OpenFiles.ReadLimit(["Limit                     Soft Limit           Hard Limit           Units     ", line]));

    [Fact]
    public void ReadLimit_NoLines_IsNone() => Assert.Null(OpenFiles.ReadLimit([]));
}
