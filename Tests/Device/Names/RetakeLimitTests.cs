using OrleansUem.Device.Names;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

public sealed class RetakeLimitTests
{
    [Fact]
    public void TryAdd_ManyInAMinute_EndsAtTheLimitAndComesBackLater()
    {
        var time = new ManualTimeProvider();
        var limit = new RetakeLimit(time);
        for (var i = 0; i < RetakeLimit.RetakesMax; i++)
        {
            Assert.True(limit.TryAdd());
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(limit.TryAdd());
        time.Advance(RetakeLimit.Window - TimeSpan.FromSeconds(RetakeLimit.RetakesMax));
        Assert.True(limit.TryAdd());
        Assert.False(limit.TryAdd());
    }
}
