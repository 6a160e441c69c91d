using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class ConnectionBudgetTests
{
    [Fact]
    public void TryTake_OneListenerCrowded_TheOtherKeepsItsReserve()
    {
        var budget = new ConnectionBudget(160, 2);
        var (devices, nodes) = (budget.CreateShare(), budget.CreateShare());

        Assert.Equal(150, budget.MaxOfListener);
        Assert.Equal(150, TakeAll(devices));
        Assert.Equal(10, TakeAll(nodes));
    }

    [Fact]
    public void Release_OfWhatWasShared_IsAnybodys()
    {
        var budget = new ConnectionBudget(160, 2);
        var (devices, nodes) = (budget.CreateShare(), budget.CreateShare());
        TakeAll(devices);
        TakeAll(nodes);

        devices.Release();
        Assert.True(nodes.TryTake());
        Assert.False(devices.TryTake());
        Assert.False(nodes.TryTake());
    }

    [Fact]
    public void Release_OfAReserve_IsItsListenersOnly()
    {
        var budget = new ConnectionBudget(160, 2);
        var (devices, nodes) = (budget.CreateShare(), budget.CreateShare());
        TakeAll(devices);
        TakeAll(nodes);

        nodes.Release();
        Assert.False(devices.TryTake());
        Assert.True(nodes.TryTake());
    }

    [Fact]
    public void Create_LessThanOneForEach_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionBudget(1, 2));

    private static int TakeAll(ConnectionBudget.Share share)
    {
        var taken = 0;
        while (share.TryTake())
        {
            taken++;
        }

        return taken;
    }
}
