using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Tunnels;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Grains;

public sealed class TunnelRulesTests
{
    private static readonly TunnelLimits Limits = new(TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(600), 0);
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);
    private static readonly SessionKey Device = new() { EdgeId = "edge-d", SessionId = 1, Generation = 10 };
    private static readonly SessionKey Node = new() { EdgeId = "edge-n", SessionId = 2, Generation = 20 };

    [Fact]
    public void Open_SameRequest_GetsTheSameAnswer()
    {
        var open = Opened(1);
        var again = TunnelRules.Open(open, Request(1));
        Assert.False(again.IsNew);
        Assert.Same(open.Answer, again.Answer);
        Assert.Empty(again.Effects);
    }

    [Fact]
    public void Open_SameRequestWhileOpening_Joins()
    {
        var opening = TunnelRules.Open(Fresh(), Request(1)).Next;
        var again = TunnelRules.Open(opening, Request(1));
        Assert.True(again is { IsNew: false, Answer: null });
    }

    [Fact]
    public void Open_SameNumberInAnotherSession_IsNew()
    {
        var other = Request(1) with { Device = new RouteEndpoint { Session = Device with { Generation = 11 }, Channel = 5 } };
        Assert.True(TunnelRules.Open(Opened(1), other).IsNew);
    }

    [Fact]
    public void Open_Second_EndsTheFirstAtBothEdges()
    {
        var step = TunnelRules.Open(Opened(1), Request(2));
        Assert.Equal(2UL, step.Next.Stored.LastTunnelId);
        Assert.Equal(
            [
                new TunnelEffect.EndLease("edge-d", 1, Reason.TunnelReplaced, "The device opened its tunnel again."),
                new TunnelEffect.EndLease("edge-n", 1, Reason.TunnelReplaced, "The device opened its tunnel again."),
                new TunnelEffect.ReleaseNode("node-1", 1),
            ],
            step.Effects.ToArray());
    }

    [Fact]
    public void Taken_AfterAReplacement_EndsTheLateLease()
    {
        var first = Chosen(TunnelRules.Open(Fresh(), Request(1)).Next, 1);
        var second = TunnelRules.Open(first, Request(2)).Next;
        var late = TunnelRules.Taken(second, 1, "node-1", new RouteEndpoint { Session = Node, Channel = 7 }, "l", Limits, Now);
        Assert.False(late.Applied);
        Assert.Contains(late.Effects, effect => effect is TunnelEffect.EndLease { EdgeId: "edge-n", TunnelId: 1 });
        Assert.Equal(TunnelPhase.Opening, late.Next.Phase);
    }

    [Fact]
    public void Taken_InTime_LeasesMirrorEachOther()
    {
        var lease = Opened(1).Answer!.Lease!;
        Assert.Equal(Device, lease.Local.Session);
        Assert.Equal(Node, lease.Peer.Session);
        Assert.Equal((300U, 600U), (lease.LifetimeSeconds, lease.IdleSeconds));
    }

    [Theory]
    [InlineData(0UL, null, true)]
    [InlineData(1UL, null, true)]
    [InlineData(2UL, null, false)]
    [InlineData(0UL, "device", true)]
    [InlineData(0UL, "node", true)]
    [InlineData(0UL, "other", false)]
    public void End_ByIdAndSession_EndsWhatFits(ulong tunnelId, string? session, bool fits)
    {
        var key = session switch { "device" => Device, "node" => Node, "other" => Node with { Generation = 19 }, _ => null };
        var step = TunnelRules.End(Opened(1), new TunnelEnd { Reason = Reason.CutByAdmin, TunnelId = tunnelId, Session = key });
        Assert.Equal(fits, step.Applied);
        Assert.Equal(fits ? TunnelPhase.Closed : TunnelPhase.Open, step.Next.Phase);
        Assert.Equal(fits ? 2 : 0, step.Effects.Count(effect => effect is TunnelEffect.EndLease));
    }

    [Theory]
    [InlineData(1UL, true, "edge-d", Reason.None)]
    [InlineData(1UL, false, "edge-n", Reason.None)]
    [InlineData(1UL, true, "edge-n", Reason.NotPermitted)]
    [InlineData(1UL, false, "edge-x", Reason.NotPermitted)]
    [InlineData(2UL, true, "edge-d", Reason.LeaseExpired)]
    public void Renew_OfAnOpenTunnel_Judges(ulong tunnelId, bool isDevice, string edge, Reason expected) =>
        Assert.Equal(expected, TunnelRules.Renew(Opened(1), edge, Usage(tunnelId, isDevice), Limits, Now).Verdict);

    [Fact]
    public void Renew_OfAReplacedTunnel_IsRefused() =>
        Assert.Equal(Reason.TunnelReplaced, TunnelRules.Renew(Opened(2), "edge-d", Usage(1, true), Limits, Now).Verdict);

    [Fact]
    public void Renew_OfAnEndedTunnel_SaysWhy()
    {
        var ended = TunnelRules.End(Opened(1), new TunnelEnd { Reason = Reason.CutByAdmin }).Next;
        Assert.Equal(Reason.CutByAdmin, TunnelRules.Renew(ended, "edge-d", Usage(1, true), Limits, Now).Verdict);
        var recalled = TunnelRules.Recall(ended.Stored, Limits, Now);
        Assert.Equal(Reason.CutByAdmin, TunnelRules.Renew(recalled, "edge-n", Usage(1, false), Limits, Now).Verdict);
    }

    [Theory]
    [InlineData(true, Reason.NodeLost)]
    [InlineData(false, Reason.DeviceLost)]
    public void Renew_OfOneSideOnly_EndsAfterTheOthersLifetime(bool isDevice, Reason expected)
    {
        var memory = Opened(1);
        var edge = isDevice ? "edge-d" : "edge-n";
        var limit = Limits.LeaseLifetime + TunnelLimits.Margin;
        var atLimit = TunnelRules.Renew(memory, edge, Usage(1, isDevice), Limits, Now + limit);
        Assert.Equal(Reason.None, atLimit.Verdict);
        var after = TunnelRules.Renew(atLimit.Next, edge, Usage(1, isDevice), Limits, Now + limit + TimeSpan.FromTicks(1));
        Assert.Equal(expected, after.Verdict);
        Assert.Equal(TunnelPhase.Closed, after.Next.Phase);
    }

    [Fact]
    public void Recall_ThenRenew_IsOpenAgainAndTellsTheNode()
    {
        var recalled = TunnelRules.Recall(Opened(1).Stored, Limits, Now);
        Assert.Equal(TunnelPhase.Recalled, recalled.Phase);
        var step = TunnelRules.Renew(recalled, "edge-n", Usage(1, false), Limits, Now);
        Assert.Equal(TunnelPhase.Open, step.Next.Phase);
        Assert.Equal(new TunnelEffect.RecallNode("node-1", 1, Node), Assert.Single(step.Effects));
    }

    [Fact]
    public void Ended_ByOneEdge_TellsTheOther()
    {
        var step = TunnelRules.Ended(Opened(1), "edge-d", Usage(1, true) with { Reason = Reason.Idle, BytesIn = 7, BytesOut = 9 });
        Assert.Contains(new TunnelEffect.EndLease("edge-n", 1, Reason.Idle, ""), step.Effects);
        Assert.Equal((7UL, 9UL), (step.Next.Usage.BytesFromDevice, step.Next.Usage.BytesToDevice));
    }

    /// <summary>
    /// Random events of two edges, late answers, ends and silo deaths against a reference that knows only which id is newest and whether it was ended.
    /// At most one id is ever renewable, an id is never given twice, no event for an old id touches the newest.
    /// </summary>
    [Fact]
    public void RandomEvents_AnySequence_OnlyTheNewestTunnelLives()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var memory = Fresh();
            var (newest, alive, now) = (0UL, false, Now);
            for (var step = 0; step < 80; step++)
            {
                var id = (ulong)random.Next(0, (int)newest + 2);
                var isDevice = random.Next(2) == 0;
                var edge = isDevice ? "edge-d" : "edge-n";
                var before = memory;
                now += TimeSpan.FromSeconds(random.Next(20));
                var where = $"seed {seed} step {step} id {id} newest {newest}";
                switch (random.Next(7))
                {
                    case 0:
                        var open = TunnelRules.Open(memory, Request((uint)random.Next(6)));
                        memory = open.Next;
                        if (open.IsNew)
                        {
                            Assert.True(memory.Stored.LastTunnelId == newest + 1, where);
                            (newest, alive) = (newest + 1, true);
                        }

                        break;
                    case 1:
                        memory = Chosen(memory, id);
                        break;
                    case 2:
                        memory = TunnelRules.Taken(memory, id, "node-1", new RouteEndpoint { Session = Node, Channel = 3 }, "l", Limits, now).Next;
                        break;
                    case 3:
                        var end = TunnelRules.End(memory, new TunnelEnd { Reason = Reason.CutByAdmin, TunnelId = id });
                        Assert.True(end.Applied == (alive && (id == 0 || id == newest)), where);
                        (memory, alive) = (end.Next, alive && !end.Applied);
                        break;
                    case 4:
                        var ended = TunnelRules.Ended(memory, edge, Usage(id, isDevice) with { Reason = Reason.Idle });
                        Assert.True(!ended.Applied || (alive && id == newest), where);
                        (memory, alive) = (ended.Next, alive && !ended.Applied);
                        break;
                    case 5:
                        var renew = TunnelRules.Renew(memory, edge, Usage(id, isDevice), Limits, now);
                        Assert.True(renew.Verdict != Reason.None || (alive && id == newest), where);
                        alive &= renew.Next.Phase != TunnelPhase.Closed;
                        memory = renew.Next;
                        break;
                    default:
                        memory = TunnelRules.Recall(memory.Stored, Limits, now);
                        alive &= memory.Phase == TunnelPhase.Recalled;
                        break;
                }

                Assert.True(memory.Stored.LastTunnelId >= before.Stored.LastTunnelId, where);
                Assert.True(memory.Stored.EndedTunnelId >= before.Stored.EndedTunnelId, where);
                Assert.True(alive == (memory.Phase != TunnelPhase.Closed), where);
            }
        }
    }

    private static TunnelMemory Fresh() => TunnelRules.Recall(new TunnelState(), Limits, Now);

    private static TunnelOpen Request(uint id) => new() { Device = new RouteEndpoint { Session = Device, Channel = 5 }, RequestId = id };

    private static TunnelMemory Chosen(TunnelMemory memory, ulong id) => TunnelRules.Chosen(memory, id, "node-1", Node).Next;

    private static TunnelMemory Opened(uint requests)
    {
        var memory = Fresh();
        for (var i = 1U; i <= requests; i++)
        {
            memory = Chosen(TunnelRules.Open(memory, Request(i)).Next, i);
            memory = TunnelRules.Taken(memory, i, "node-1", new RouteEndpoint { Session = Node, Channel = 7 }, "l", Limits, Now).Next;
        }

        return memory;
    }

    private static LeaseUsage Usage(ulong tunnelId, bool isDevice) => new() { TunnelId = tunnelId, IsDeviceSide = isDevice };
}
