using System.Net;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class PendingConnectionsTests
{
    private readonly ManualTimeProvider _time = new(TestAuthority.Epoch);
    private int _displaced;

    [Fact]
    public void TryAdd_FullOfSilentOnes_TheLongestSilentMakesRoomAfterItsGrace()
    {
        var table = new PendingConnections(2, _time);
        var first = Add(table, 1);
        _time.Advance(TimeSpan.FromMilliseconds(600));
        var second = Add(table, 2);
        Assert.False(table.TryAdd(Address(3), out _));

        _time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.True(table.TryAdd(Address(3), out _));

        Assert.Equal((true, false, 1), (first.IsDisplaced, second.IsDisplaced, _displaced));
        Assert.Equal((2, 2), (table.Count, table.AddressCount));
    }

    [Fact]
    public void TryAdd_FullOfThoseThatAnswered_IsRefusedHoweverLongItTakes()
    {
        var table = new PendingConnections(1, _time);
        var answered = Add(table, 1);
        answered.HeardPeer();
        _time.Advance(TimeSpan.FromHours(1));

        Assert.False(table.TryAdd(Address(2), out _));

        // Its turn again, and its time counts from now.
        answered.AwaitPeer();
        Assert.False(table.TryAdd(Address(2), out _));
        _time.Advance(PendingConnections.GraceTime);
        Assert.True(table.TryAdd(Address(2), out _));
        Assert.True(answered.IsDisplaced);
    }

    [Fact]
    public void TryAdd_AddressWithItsShare_TakesFromItselfOnly()
    {
        var table = new PendingConnections(2 * PendingConnections.AddressShare, _time);
        var other = Add(table, 9);
        var first = Add(table, 1);
        Add(table, 1);
        Assert.False(table.TryAdd(Address(1), out _));

        _time.Advance(PendingConnections.GraceTime);
        Assert.True(table.TryAdd(Address(1), out _));

        Assert.Equal((true, false), (first.IsDisplaced, other.IsDisplaced));
    }

    [Fact]
    public void Leave_AtAnyTime_LeavesNothingBehind()
    {
        var table = new PendingConnections(1, _time);
        var connection = Add(table, 1);

        connection.Leave();
        connection.Leave();
        connection.AwaitPeer();
        connection.HeardPeer();

        Assert.Equal((0, 0), (table.Count, table.AddressCount));
        var next = Add(table, 2);
        _time.Advance(PendingConnections.GraceTime);
        Add(table, 3);
        next.Leave();
        Assert.Equal((1, 1, 1), (table.Count, table.AddressCount, _displaced));
    }

    [Fact]
    public void OnDisplaced_SetTooLate_IsToldAtOnce()
    {
        var table = new PendingConnections(1, _time);
        var connection = Add(table, 1);
        _time.Advance(PendingConnections.GraceTime);
        Add(table, 2);
        Assert.Equal(1, _displaced);

        connection.OnDisplaced(() => _displaced = 10);

        Assert.Equal(10, _displaced);
    }

    private static IPAddress Address(int number) => new([192, 0, 2, (byte)number]);

    private PendingConnection Add(PendingConnections table, int address)
    {
        Assert.True(table.TryAdd(Address(address), out var added));
        added.OnDisplaced(() => _displaced++);
        return added;
    }
}
