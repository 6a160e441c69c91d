using System.Net;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class HandshakeGateTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("2001:db8::1");

    [Fact]
    public async Task EnterAsync_AddressWithItsShare_WaitsAndOthersDoNot()
    {
        using var gate = new HandshakeGate(2 * HandshakeGate.AddressShare);
        var first = await gate.EnterAsync(One, CancellationToken.None);
        using var second = await gate.EnterAsync(One, CancellationToken.None);
        var third = gate.EnterAsync(One, CancellationToken.None);

        using var other = await gate.EnterAsync(Other, CancellationToken.None).WithinAsync("another address");
        Assert.False(third.IsCompleted);
        first.Dispose();

        using var place = await third.WithinAsync("the place that came back");
    }

    [Fact]
    public async Task EnterAsync_AllTaken_WaitsForAnyAddress()
    {
        using var gate = new HandshakeGate(1);
        var first = await gate.EnterAsync(One, CancellationToken.None);
        var second = gate.EnterAsync(Other, CancellationToken.None);

        Assert.False(second.IsCompleted);
        first.Dispose();

        (await second.WithinAsync("the place that came back")).Dispose();
        Assert.Equal(0, gate.AddressCount);
    }

    [Fact]
    public async Task EnterAsync_GivenUp_LeavesNothingBehind()
    {
        using var gate = new HandshakeGate(1);
        var first = await gate.EnterAsync(One, CancellationToken.None);
        using var giveUp = new CancellationTokenSource();
        var sameAddress = gate.EnterAsync(One, giveUp.Token);
        var otherAddress = gate.EnterAsync(Other, giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sameAddress);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => otherAddress);
        first.Dispose();
        Assert.Equal(0, gate.AddressCount);
        (await gate.EnterAsync(Other, CancellationToken.None).WithinAsync("a free gate")).Dispose();
    }
}
