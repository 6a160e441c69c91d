using OrleansUem.Device.Tunnels;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Device;

public sealed class DeviceTunnelMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);
    private static readonly Channel Tunnel = Channel.Create(1, 0);

    private readonly DeviceTunnelMachine _machine = new(() => 1.0);

    [Theory]
    [InlineData(Reason.NodeLost)]
    [InlineData(Reason.LeaseExpired)]
    [InlineData(Reason.ByteLimit)]
    [InlineData(Reason.TunnelReplaced)]
    [InlineData(Reason.ClosedByNode)]
    [InlineData(Reason.InternalError)]
    public void OnCloseTunnel_AnyEndButIdle_OpensAgainAfterTheBackOff(Reason reason)
    {
        BringUp(Start);
        var now = Start.AddMinutes(1);

        var effects = _machine.OnCloseTunnel(Tunnel, new CloseTunnel { Reason = (uint)reason }, now);

        Assert.Equal(
            [DeviceTunnelEffectKind.StopTunnel, DeviceTunnelEffectKind.ReportClosed], effects.Select(e => e.Kind));
        Assert.Equal(TimeSpan.FromSeconds(0.25), effects[1].RetryIn);
        Assert.Equal(DeviceTunnelState.Waiting, _machine.State);
        Assert.Empty(_machine.OnTime(now.AddSeconds(0.24)));
        Assert.Equal(DeviceTunnelEffectKind.SendOpen, Assert.Single(_machine.OnTime(now.AddSeconds(0.25))).Kind);
    }

    [Fact]
    public void OnCloseTunnel_Idle_SleepsUntilAPacketComes()
    {
        BringUp(Start);
        var effects = _machine.OnCloseTunnel(Tunnel, new CloseTunnel { Reason = (uint)Reason.Idle }, Start);
        Assert.Equal([DeviceTunnelEffectKind.StopTunnel, DeviceTunnelEffectKind.ReportAsleep], effects.Select(e => e.Kind));
        Assert.Null(_machine.Deadline);

        Assert.Equal(DeviceTunnelEffectKind.SendOpen, Assert.Single(_machine.OnPacketWaiting(Start)).Kind);
        Assert.Equal(DeviceTunnelState.Opening, _machine.State);
    }

    [Fact]
    public void OnAttached_AfterIdle_StaysAsleepUnlessAPacketCameMeanwhile()
    {
        BringUp(Start);
        _machine.OnCloseTunnel(Tunnel, new CloseTunnel { Reason = (uint)Reason.Idle }, Start);
        _machine.OnDetached();
        Assert.Empty(_machine.OnAttached(Start));
        Assert.Equal(DeviceTunnelState.Asleep, _machine.State);

        _machine.OnDetached();
        Assert.Empty(_machine.OnPacketWaiting(Start));
        Assert.Equal(DeviceTunnelEffectKind.SendOpen, Assert.Single(_machine.OnAttached(Start)).Kind);
    }

    [Fact]
    public void OnCloseTunnel_OfAnotherChannel_IsIgnored()
    {
        BringUp(Start);
        Assert.Empty(_machine.OnCloseTunnel(Channel.Create(1, 1), new CloseTunnel { Reason = (uint)Reason.NodeLost }, Start));
        Assert.Equal(DeviceTunnelState.Up, _machine.State);
    }

    [Fact]
    public void OnCloseTunnel_CutByAdmin_ComesBackSlowly()
    {
        BringUp(Start);
        var effects = _machine.OnCloseTunnel(Tunnel, new CloseTunnel { Reason = (uint)Reason.CutByAdmin }, Start);
        Assert.Equal(TimeSpan.FromSeconds(30), effects[^1].RetryIn);
    }

    [Fact]
    public void OnRefused_InARow_BacksOffAndHonoursRetryAfter()
    {
        _machine.OnAttached(Start);
        var first = _machine.OnRefused(new Refused { RequestId = 1, Reason = (uint)Reason.NoNode }, Start);
        Assert.Equal(TimeSpan.FromSeconds(0.25), Assert.Single(first).RetryIn);
        _machine.OnTime(Start.AddSeconds(1));
        var second = _machine.OnRefused(new Refused { RequestId = 2, Reason = (uint)Reason.NoNode, RetryAfterMs = 7_000 }, Start);
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.Single(second).RetryIn);
        Assert.Empty(_machine.OnRefused(new Refused { RequestId = 1 }, Start));
    }

    [Fact]
    public void OnTime_NoAnswerToOpen_EndsTheSessionAndTriesAgain()
    {
        _machine.OnAttached(Start);
        var effects = _machine.OnTime(Start + DeviceTunnelMachine.OpenTimeout);
        Assert.Equal([DeviceTunnelEffectKind.ReportClosed, DeviceTunnelEffectKind.EndSession], effects.Select(e => e.Kind));
        Assert.All(effects, effect => Assert.Equal(Reason.ControlTimeout, effect.Reason));

        var late = _machine.OnOpened(Tunnel, new Opened { RequestId = 1, TunnelId = 1, NodeId = "node-1" });
        Assert.Equal(DeviceTunnelEffectKind.CloseChannel, Assert.Single(late).Kind);
    }

    [Theory]
    [InlineData(Reason.EndToEndFailed, false, Reason.EndToEndFailed)]
    [InlineData(Reason.ClosedByNode, true, Reason.ClosedByDevice)]
    [InlineData(Reason.CertificateRevoked, false, Reason.ClosedByDevice)]
    public void OnTunnelEnded_Fault_ClosesTheChannelAndOpensAgain(Reason reason, bool isByPeer, Reason told)
    {
        BringUp(Start);
        var effects = _machine.OnTunnelEnded(reason, "x", isByPeer, Start);
        Assert.Equal([DeviceTunnelEffectKind.CloseChannel, DeviceTunnelEffectKind.ReportClosed], effects.Select(e => e.Kind));
        Assert.Equal((Tunnel, told), (effects[0].Channel, effects[0].Reason));
        Assert.Equal(DeviceTunnelState.Waiting, _machine.State);
    }

    [Theory]
    [InlineData(Reason.CertificateRevoked)]
    [InlineData(Reason.CertificateExpired)]
    [InlineData(Reason.CertificateSuperseded)]
    public void OnTunnelEnded_NodesVerdictOnOurCertificate_IsFatal(Reason reason)
    {
        BringUp(Start);
        var effects = _machine.OnTunnelEnded(reason, "cut", true, Start);
        Assert.Equal([DeviceTunnelEffectKind.CloseChannel, DeviceTunnelEffectKind.Fail], effects.Select(e => e.Kind));
        Assert.Empty(_machine.OnDetached());
        Assert.Empty(_machine.OnAttached(Start));
        Assert.Equal(DeviceTunnelState.Ended, _machine.State);
    }

    [Fact]
    public void OnDetached_WhileUp_StopsTheTunnelAndOpensOnTheNextSession()
    {
        BringUp(Start);
        Assert.Equal(DeviceTunnelEffectKind.StopTunnel, Assert.Single(_machine.OnDetached()).Kind);
        Assert.Equal(DeviceTunnelState.Detached, _machine.State);
        var open = Assert.Single(_machine.OnAttached(Start));
        Assert.Equal((DeviceTunnelEffectKind.SendOpen, 2u), (open.Kind, open.RequestId));
    }

    [Fact]
    public void Stop_WhileUp_SaysGoodBye()
    {
        BringUp(Start);
        Assert.Equal([DeviceTunnelEffectKind.StopTunnel, DeviceTunnelEffectKind.CloseChannel], _machine.Stop(Reason.LastApp).Select(e => e.Kind));
        Assert.Empty(_machine.OnPacketWaiting(Start));
        Assert.Equal(DeviceTunnelState.Ended, _machine.State);
    }

    // Any order of events: no exception, at most one tunnel at a time, and no state without a way out.
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void AnyEvents_InAnyOrder_KeepTheInvariants(int seed)
    {
        var random = new Random(seed);
        var machine = new DeviceTunnelMachine(random.NextDouble);
        var now = Start;
        var hasTunnel = false;
        uint lastRequest = 0;
        for (var step = 0; step < 20_000; step++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(5_000));
            var channel = Channel.Create(1 + random.Next(2), 0);
            var reason = random.Next(4) == 0 ? Reason.Idle : Reason.NodeLost;
            var isAttached = machine.State != DeviceTunnelState.Detached;
            var events = random.Next(8);
            var effects = events switch
            {
                0 when !isAttached => machine.OnAttached(now),
                1 when isAttached => machine.OnDetached(),
                2 => machine.OnOpened(channel, new Opened { RequestId = lastRequest, TunnelId = 1, NodeId = "n" }),
                3 => machine.OnRefused(new Refused { RequestId = lastRequest, Reason = (uint)Reason.NoNode }, now),
                4 => machine.OnCloseTunnel(channel, new CloseTunnel { Reason = (uint)reason }, now),
                5 => machine.OnTunnelUp(now),
                6 => machine.OnTunnelEnded(reason, "", true, now),
                _ => random.Next(2) == 0 ? machine.OnPacketWaiting(now) : machine.OnTime(now),
            };
            foreach (var effect in effects)
            {
                Assert.False(hasTunnel && effect.Kind == DeviceTunnelEffectKind.StartTunnel, $"seed {seed} step {step}: two tunnels");
                hasTunnel = effect.Kind switch
                {
                    DeviceTunnelEffectKind.StartTunnel => true,
                    DeviceTunnelEffectKind.StopTunnel => false,
                    DeviceTunnelEffectKind.CloseChannel when events == 6 => false,
                    _ => hasTunnel,
                };
                lastRequest = effect.Kind == DeviceTunnelEffectKind.SendOpen ? effect.RequestId : lastRequest;
            }

            Assert.True(
                hasTunnel == (machine.State is DeviceTunnelState.Securing or DeviceTunnelState.Up),
                $"seed {seed} step {step}: {machine.State}, tunnel {hasTunnel}");
            Assert.True(
                (machine.State is DeviceTunnelState.Waiting or DeviceTunnelState.Opening) == machine.Deadline is not null,
                $"seed {seed} step {step}: {machine.State} with deadline {machine.Deadline}");
        }
    }

    private void BringUp(DateTimeOffset now)
    {
        Assert.Equal(DeviceTunnelEffectKind.SendOpen, Assert.Single(_machine.OnAttached(now)).Kind);
        var start = Assert.Single(_machine.OnOpened(Tunnel, new Opened { RequestId = 1, TunnelId = 4, NodeId = "node-1" }));
        Assert.Equal((DeviceTunnelEffectKind.StartTunnel, "node-1"), (start.Kind, start.Node));
        _machine.OnTunnelUp(now);
        Assert.Equal(DeviceTunnelState.Up, _machine.State);
    }
}
