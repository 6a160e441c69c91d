using OrleansUem.Protocol.Queues;
using Xunit;

namespace OrleansUem.Tests.Protocol.Queues;

public sealed class CoDelTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void ShouldDrop_ABurstThatDrainsWithinAnInterval_LosesNothing()
    {
        var codel = new CoDel();
        for (var i = 0; i < 1_000; i++)
        {
            // Each burst waits up to 90 ms and is gone before 100 are over.
            Assert.False(codel.ShouldDrop(i * Step, waited: (90 - (i % 91)) * Step, isLast: false));
        }
    }

    [Fact]
    public void ShouldDrop_AQueueThatStands_DropsAfterAnIntervalAndEverMoreOften()
    {
        var drops = DropsOf(new CoDel(), 0, 1_000);

        // RFC 8289 §5.4: the first after an interval above the target, the n-th interval / sqrt(n - 1) after the one before.
        Assert.Equal(100, drops[0]);
        Assert.Equal(200, drops[1]);
        var expected = 200.0;
        for (var i = 2; i < drops.Count; i++)
        {
            expected += 100 / Math.Sqrt(i);
            Assert.Equal(expected, drops[i], tolerance: 1.0);
        }

        Assert.InRange(drops.Count, 20, 30);
    }

    [Fact]
    public void ShouldDrop_OnceBelowTheTarget_BeginsAgain()
    {
        var codel = new CoDel();
        DropsOf(codel, 0, 500);
        Assert.True(codel.IsDropping);
        Assert.False(codel.ShouldDrop(500 * Step, waited: 4 * Step, isLast: false));
        Assert.False(codel.IsDropping);

        var drops = DropsOf(codel, 501, 700);
        Assert.Equal(601, drops[0]);
        Assert.True(drops[1] - drops[0] < 50, "A queue that stands again soon goes on with the rate that it had.");
    }

    [Fact]
    public void ShouldDrop_AfterALongRest_HasForgottenItsRate()
    {
        var codel = new CoDel();
        DropsOf(codel, 0, 500);
        Assert.False(codel.ShouldDrop(500 * Step, waited: 4 * Step, isLast: false));
        var drops = DropsOf(codel, 5_000, 5_300);
        Assert.Equal(100, drops[1] - drops[0]);
    }

    [Fact]
    public void ShouldDrop_WithNothingBehind_NeverDrops()
    {
        var codel = new CoDel();
        for (var i = 0; i < 1_000; i++)
        {
            Assert.False(codel.ShouldDrop(i * Step, waited: TimeSpan.FromSeconds(1), isLast: true));
        }
    }

    private static List<int> DropsOf(CoDel codel, int from, int to) =>
        [.. Enumerable.Range(from, to - from).Where(i => codel.ShouldDrop(i * Step, waited: 20 * Step, isLast: false))];
}
