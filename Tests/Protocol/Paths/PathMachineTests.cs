using OrleansUem.Protocol.Paths;
using Xunit;

namespace OrleansUem.Tests.Protocol.Paths;

public sealed class PathMachineTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Path_OverAGoodNetwork_IsUpAfterOneRoundTripAndProvenAfterTwo()
    {
        var pair = new PathPair();
        pair.RunUntil(3 * pair.Latency);

        Assert.Equal([(2 * pair.Latency, PathChange.Up)], pair.Changes);
        Assert.Equal(2 * pair.Latency, pair.Machine.RoundTrip);
        Assert.Equal([TimeSpan.Zero, 2 * pair.Latency], pair.Probes);
        Assert.Equal(PathPair.Home, pair.Validator.Proven);
        Assert.Equal(PathPair.ProbeBytes, pair.Validator.DatagramBytes);
        Assert.Equal(1, pair.Attempts);
    }

    [Fact]
    public void Path_AtRest_SendsAProbeEvery15Seconds()
    {
        var pair = new PathPair();
        pair.RunUntil(Second);
        Assert.True(pair.Machine.IsAtRest);
        pair.Probes.Clear();

        pair.RunUntil(61 * Second);

        Assert.Equal(4, pair.Probes.Count);
        Assert.All(pair.Probes.Zip(pair.Probes.Skip(1)), two => Assert.Equal(PathLimits.KeepAlive, two.Second - two.First));
        Assert.Single(pair.Changes);
    }

    [Fact]
    public void Path_UnderTwoWayTraffic_ProbesNoMoreThanAtRest()
    {
        var pair = new PathPair { IsSending = true, IsHearing = true };
        pair.RunUntil(61 * Second);
        Assert.InRange(pair.Probes.Count, 5, 6);
        Assert.False(pair.Machine.IsAtRest);
    }

    // Data that nothing answers: a probe for each 250 to 750 ms shows that the path still leads there.
    [Fact]
    public void Path_SendingOnly_IsProbedAndStaysUp()
    {
        var pair = new PathPair { IsSending = true };
        pair.RunUntil(30 * Second);
        Assert.InRange(pair.Probes.Count, 40, 120);
        Assert.Single(pair.Changes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(70)]
    [InlineData(130)]
    [InlineData(190)]
    [InlineData(240)]
    public void Path_DiesUnderTraffic_IsLeftWithin2250Milliseconds(int offsetMilliseconds)
    {
        var pair = new PathPair { IsSending = true, IsHearing = true };
        pair.RunUntil((3 * Second) + TimeSpan.FromMilliseconds(offsetMilliseconds));
        var died = pair.Now;
        (pair.IsLost, pair.IsHearing) = (_ => true, false);

        pair.RunUntil(died + (4 * Second));

        var (at, change) = pair.Changes[^1];
        Assert.Equal(PathChange.Down, change);
        Assert.InRange(at - died, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2.25));
        Assert.Null(pair.Validator.Proven);
    }

    // The way to the edge is dead, the way back is not: the keep-alive finds out.
    [Fact]
    public void Path_DiesOneWayWhileDataIsHeard_IsLeftAfterTheNextKeepAlive()
    {
        var pair = new PathPair { IsSending = true, IsHearing = true };
        pair.RunUntil(3 * Second);
        pair.IsLost = isProbe => isProbe;
        pair.RunUntil(20 * Second);
        Assert.Equal(PathChange.Down, pair.Changes[^1].Change);
        Assert.InRange(pair.Changes[^1].At, PathLimits.KeepAlive, PathLimits.KeepAlive + (2 * Second));
    }

    [Fact]
    public void Path_Blocked_IsTriedAt5SecondsDoublingTo5Minutes()
    {
        var pair = new PathPair { IsLost = _ => true };
        pair.RunUntil(TimeSpan.FromMinutes(30));

        Assert.Equal([(3 * PathLimits.ProbeTimeout, PathChange.Unreachable)], pair.Changes);
        var starts = pair.Probes.Where((_, i) => i % PathLimits.ProbesMax == 0).ToArray();
        var waits = starts.Zip(starts.Skip(1)).Select(two => (two.Second - two.First - (PathLimits.ProbesMax * PathLimits.ProbeTimeout)).TotalSeconds);
        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300, 300, 300], waits.Take(10));
        Assert.Equal(starts.Length, pair.Attempts);
    }

    [Fact]
    public void Path_Unblocked_ComesBackAtTheNextAttemptAndTheWaitStartsOverOnlyAfterAMinute()
    {
        var pair = new PathPair { IsSending = true, IsHearing = true };
        pair.RunUntil(2 * Second);
        Flap(pair, expectedWait: 5);
        pair.RunUntil(pair.Now + (30 * Second));
        Flap(pair, expectedWait: 10);
        pair.RunUntil(pair.Now + PathLimits.StableAfter + Second);
        Flap(pair, expectedWait: 5);
    }

    [Fact]
    public void Path_WaitHasUpToAQuarterOfJitter()
    {
        var pair = new PathPair(() => 1) { IsLost = _ => true };
        pair.RunUntil(2 * Second);
        Assert.Equal((3 * PathLimits.ProbeTimeout) + (1.25 * PathLimits.RetryMin), pair.Machine.Deadline);
    }

    [Fact]
    public void OnNetworkChanged_WhileWaiting_TriesAtOnceAndUp_Probes()
    {
        var pair = new PathPair { IsLost = _ => true };
        pair.RunUntil(TimeSpan.FromMinutes(5));
        Assert.Equal(PathState.Waiting, pair.Machine.State);
        pair.IsLost = _ => false;
        pair.Carry(pair.Machine.OnNetworkChanged(pair.Now));
        pair.RunUntil(pair.Now + Second);
        Assert.Equal(PathState.Up, pair.Machine.State);

        var probes = pair.Probes.Count;
        pair.Carry(pair.Machine.OnNetworkChanged(pair.Now));
        Assert.Equal(probes + 1, pair.Probes.Count);
        Assert.Equal(PathState.Up, pair.Machine.State);
    }

    [Fact]
    public void OnRefused_Up_LeavesAtOnceAndWaiting_IsNothing()
    {
        var pair = new PathPair();
        pair.RunUntil(Second);
        Assert.Equal(PathChange.Down, pair.Machine.OnRefused(pair.Now).Change);
        Assert.Equal(default, pair.Machine.OnRefused(pair.Now));
        Assert.Equal(pair.Now + PathLimits.RetryMin, pair.Machine.Deadline);
    }

    [Fact]
    public void OnAck_OfNoProbeOfThisAttemptOrTwice_IsIgnored()
    {
        var machine = new PathMachine(TimeSpan.Zero, () => 0);
        machine.OnTime(TimeSpan.Zero, false, false);
        Assert.Equal(default, machine.OnAck(0, 1, Second));
        Assert.Equal(default, machine.OnAck(2, 1, Second));
        Assert.Equal(PathChange.Up, machine.OnAck(1, 1, Second).Change);
        Assert.Equal(default, machine.OnAck(1, 7, Second));
        Assert.Equal(1UL, machine.Token);

        machine.OnRefused(Second);
        machine.OnNetworkChanged(Second);
        Assert.Equal(default, machine.OnAck(2, 9, Second));
        Assert.Equal(PathState.Probing, machine.State);
        Assert.Equal(PathChange.Up, machine.OnAck(3, 9, Second).Change);
    }

    // A round trip longer than all the attempt's timeouts: the late ack still counts.
    [Fact]
    public void OnAck_AfterTheAttemptWasGivenUp_BringsThePathUp()
    {
        var pair = new PathPair { Latency = Second };
        pair.RunUntil(3 * Second);
        Assert.Equal([PathChange.Unreachable, PathChange.Up], pair.Changes.Select(change => change.Change));
        Assert.Equal(2 * Second, pair.Changes[^1].At);
    }

    private static void Flap(PathPair pair, double expectedWait)
    {
        Assert.Equal(PathState.Up, pair.Machine.State);
        (pair.IsLost, pair.IsHearing) = (_ => true, false);
        while (pair.Machine.State == PathState.Up)
        {
            pair.RunUntil(pair.Machine.Deadline);
        }

        var left = pair.Changes[^1].At;
        Assert.Equal(left + TimeSpan.FromSeconds(expectedWait), pair.Machine.Deadline);
        (pair.IsLost, pair.IsHearing) = (_ => false, true);
        pair.RunUntil(left + TimeSpan.FromSeconds(expectedWait) + Second);
        Assert.Equal(PathChange.Up, pair.Changes[^1].Change);
    }
}
