using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Tunnel;

public sealed class TunnelMachineTests
{
    private static readonly byte[] Packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 64, 0, 2, 10, 1, 0, 1];

    private static readonly byte[] Request = TunnelCodec.Encode(new TunnelControl { Configure = new() { Version = 1, MtuBytes = 1_280 } });

    private static readonly byte[] Probe = TunnelCodec.Encode(new TunnelControl { Probe = new() { Value = 7 } });

    private static readonly byte[] Answer = TunnelCodec.Encode(new TunnelControl { ProbeAnswer = new() { Value = 7 } });

    private static readonly byte[] Configuration = TunnelCodec.Encode(TunnelSamples.Small)[0];

    // State x event for both roles. The result is the state after, then the effects; "-" for none.
    [Theory]
    [InlineData(TunnelRole.Device, TunnelState.AwaitSecure, "secured", "Configuring Send:Configure")]
    [InlineData(TunnelRole.Device, TunnelState.AwaitSecure, "packet", "AwaitSecure drop:NoTunnel")]
    [InlineData(TunnelRole.Device, TunnelState.AwaitSecure, "configuration", "AwaitSecure drop:NoTunnel")]
    [InlineData(TunnelRole.Device, TunnelState.AwaitSecure, "close", "Closed Closed:ClosedByNode")]
    [InlineData(TunnelRole.Device, TunnelState.AwaitSecure, "peerclosed", "Closed Closed:ClosedByNode")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "secured", "Configuring -")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "configuration", "Up Configured")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "configure", "Closed Send:Farewell Closed:UnexpectedFrame")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "packet", "Configuring drop:NoTunnel")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "probe", "Configuring Send:ProbeAnswer")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "farewell", "Closed Closed:NoAddress")]
    [InlineData(TunnelRole.Device, TunnelState.Configuring, "close", "Closed Send:Farewell Closed:ClosedByNode")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "secured", "Up -")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "configuration", "Up -")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "configure", "Closed Send:Farewell Closed:UnexpectedFrame")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "packet", "Up packet")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "long", "Up drop:Oversize")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "ipv6", "Up drop:MalformedPacket")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "empty", "Up drop:MalformedPacket")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "garbage", "Closed Send:Farewell Closed:MalformedFrame")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "unknown", "Up -")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "probe", "Up Send:ProbeAnswer")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "answer", "Up -")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "farewell", "Closed Closed:NoAddress")]
    [InlineData(TunnelRole.Device, TunnelState.Up, "farewell0", "Closed Closed:ClosedByNode")]
    [InlineData(TunnelRole.Device, TunnelState.Closed, "secured", "Closed -")]
    [InlineData(TunnelRole.Device, TunnelState.Closed, "packet", "Closed drop:NoTunnel")]
    [InlineData(TunnelRole.Device, TunnelState.Closed, "farewell", "Closed drop:NoTunnel")]
    [InlineData(TunnelRole.Device, TunnelState.Closed, "close", "Closed -")]
    [InlineData(TunnelRole.Node, TunnelState.AwaitSecure, "secured", "Configuring -")]
    [InlineData(TunnelRole.Node, TunnelState.AwaitSecure, "configure", "AwaitSecure drop:NoTunnel")]
    [InlineData(TunnelRole.Node, TunnelState.Configuring, "configure", "Up Configured Send:Configuration")]
    [InlineData(TunnelRole.Node, TunnelState.Configuring, "configuration", "Closed Send:Farewell Closed:UnexpectedFrame")]
    [InlineData(TunnelRole.Node, TunnelState.Configuring, "packet", "Configuring drop:NoTunnel")]
    [InlineData(TunnelRole.Node, TunnelState.Up, "configure", "Up Send:Configuration")]
    [InlineData(TunnelRole.Node, TunnelState.Up, "configuration", "Closed Send:Farewell Closed:UnexpectedFrame")]
    [InlineData(TunnelRole.Node, TunnelState.Up, "packet", "Up packet")]
    [InlineData(TunnelRole.Node, TunnelState.Up, "farewell0", "Closed Closed:ClosedByDevice")]
    [InlineData(TunnelRole.Node, TunnelState.Up, "peerclosed", "Closed Closed:ClosedByDevice")]
    [InlineData(TunnelRole.Node, TunnelState.Closed, "configure", "Closed drop:NoTunnel")]
    public void Event_InState_AsInTheTable(TunnelRole role, TunnelState state, string happening, string expected)
    {
        var machine = In(role, state);
        var input = Happen(machine, happening);
        var effects = machine.TakeAll().ConvertAll(Describe);
        var result = input is { IsPacket: true } ? "packet"
            : input is { Drop: not DropReason.Unspecified } dropped ? $"drop:{dropped.Drop}"
            : effects.Count == 0 ? "-" : string.Join(' ', effects);
        Assert.Equal(expected, $"{machine.State} {result}");
    }

    [Fact]
    public void OnDeadline_NoConfiguration_AsksAgainWithDoubledWaitsThenGivesUp()
    {
        var machine = new TunnelMachine(TunnelRole.Device, 1_370, 0);
        machine.SecuredAtDevice(0);
        List<long> sent = [];
        long now = 0;
        while (machine.State != TunnelState.Closed)
        {
            sent.AddRange(machine.TakeAll().Where(e => Describe(e) == "Send:Configure").Select(_ => now));
            now = machine.NextDeadline;
            machine.OnDeadline(now, default);
        }

        Assert.Equal([0, 250, 750, 1_750, 3_750, 7_750, 11_750, 15_750, 19_750, 23_750, 27_750], sent);
        Assert.Equal(TunnelLimits.ConfigureTimeout, now);
        Assert.Equal(Reason.EndToEndFailed, machine.TakeAll()[^1].Reason);
        Assert.Equal(long.MaxValue, machine.NextDeadline);
    }

    [Theory]
    [InlineData(TunnelRole.Device)]
    [InlineData(TunnelRole.Node)]
    public void OnDeadline_HandshakeNeverEnds_Fails(TunnelRole role)
    {
        var machine = new TunnelMachine(role, 1_370, 100);
        machine.OnDeadline(machine.NextDeadline - 1, default);
        Assert.Equal(TunnelState.AwaitSecure, machine.State);
        machine.OnDeadline(machine.NextDeadline, default);
        var effect = Assert.Single(machine.TakeAll());
        Assert.Equal(Reason.EndToEndFailed, effect.Reason);
    }

    [Fact]
    public void NextDeadline_IdleTunnel_NeverComes() => Assert.Equal(long.MaxValue, In(TunnelRole.Device, TunnelState.Up).NextDeadline);

    [Fact]
    public void OnDeadline_PacketsIntoTheVoid_ThreeProbesThenClosed()
    {
        var machine = In(TunnelRole.Device, TunnelState.Up);
        machine.Watch(new TunnelTraffic(Sent: 1, Heard: 0), 1_000);
        List<(long, string)> seen = [];
        while (machine.NextDeadline != long.MaxValue)
        {
            var now = machine.NextDeadline;
            machine.OnDeadline(now, new TunnelTraffic(now < 9_000 ? 1 : 2, Heard: 0));
            seen.AddRange(machine.TakeAll().Select(e => (now, Describe(e))));
        }

        Assert.Equal(
            [
                (16_000, "Send:Probe"), (21_000, "Send:Probe"), (26_000, "Send:Probe"),
                (31_000, "Send:Farewell"), (31_000, "Closed:KeepAliveTimeout"),
            ],
            seen);
    }

    [Fact]
    public void OnDeadline_ProbeAnswered_RestsOnceNothingIsSent()
    {
        var machine = In(TunnelRole.Device, TunnelState.Up);
        machine.Watch(new TunnelTraffic(1, 0), 1_000);
        Look(machine, new TunnelTraffic(1, 0), 6_000, 11_000);
        Look(machine, new TunnelTraffic(1, 0), 16_000);
        Assert.Equal("Send:Probe", Describe(Assert.Single(machine.TakeAll())));

        // The answer came and a packet went out after it: that one may still be unanswered.
        Look(machine, new TunnelTraffic(2, 1), 21_000);
        Assert.True(machine.IsWatching);
        Look(machine, new TunnelTraffic(2, 2), 26_000);
        Assert.False(machine.IsWatching);
        Assert.Equal(long.MaxValue, machine.NextDeadline);
        Assert.Empty(machine.TakeAll());
    }

    [Fact]
    public void OnDeadline_TrafficBothWays_NeverProbes()
    {
        var machine = In(TunnelRole.Node, TunnelState.Up);
        machine.Watch(new TunnelTraffic(1, 0), 0);
        for (var i = 1; i < 1_000; i++)
        {
            // Two looks in three hear nothing: less than ProbeAfter.
            Look(machine, new TunnelTraffic(1 + i, i / 3), i * TunnelLimits.ProbeInterval);
            Assert.Empty(machine.TakeAll());
        }

        Assert.Equal(TunnelState.Up, machine.State);
    }

    [Fact]
    public void Watch_NotUpOrWatching_ChangesNothing()
    {
        var machine = In(TunnelRole.Device, TunnelState.Configuring);
        machine.Watch(new TunnelTraffic(1, 0), 1_000);
        Assert.False(machine.IsWatching);
        machine = In(TunnelRole.Device, TunnelState.Up);
        machine.Watch(new TunnelTraffic(1, 0), 1_000);
        machine.Watch(new TunnelTraffic(2, 0), 3_000);
        Assert.Equal(6_000, machine.NextDeadline);
    }

    [Theory]
    [InlineData(0u, Reason.MalformedFrame)]
    [InlineData(575u, Reason.MalformedFrame)]
    [InlineData(9_001u, Reason.MalformedFrame)]
    [InlineData(uint.MaxValue, Reason.MalformedFrame)]
    public void Receive_MtuOutOfRange_Closes(uint mtuBytes, Reason reason)
    {
        var machine = In(TunnelRole.Node, TunnelState.Configuring);
        machine.Receive(TunnelCodec.Encode(new TunnelControl { Configure = new() { Version = 1, MtuBytes = mtuBytes } }), 1);
        Assert.Equal(reason, machine.TakeAll()[^1].Reason);
    }

    [Theory]
    [InlineData(576u, 576)]
    [InlineData(1_280u, 1_280)]
    [InlineData(1_400u, 1_370)]
    [InlineData(9_000u, 1_370)]
    public void Receive_Configure_AgreesOnTheLesserMtu(uint asked, int agreed)
    {
        var machine = In(TunnelRole.Node, TunnelState.Configuring);
        machine.Receive(TunnelCodec.Encode(new TunnelControl { Configure = new() { Version = 1, MtuBytes = asked } }), 1);
        Assert.Equal(agreed, machine.MtuBytes);
    }

    [Fact]
    public void Receive_ConfigureAgainWithAnotherMtu_AnswersIdentically()
    {
        var machine = In(TunnelRole.Node, TunnelState.Configuring);
        machine.Receive(Request, 1);
        var first = machine.TakeAll()[^1].Plaintext.ToArray();
        machine.Receive(TunnelCodec.Encode(new TunnelControl { Configure = new() { Version = 1, MtuBytes = 600 } }), 2);
        Assert.Equal(first, machine.TakeAll()[^1].Plaintext.ToArray());
        Assert.Equal(1_280, machine.MtuBytes);
    }

    [Fact]
    public void Receive_OtherVersion_ClosesWithUnsupportedVersion()
    {
        var machine = In(TunnelRole.Node, TunnelState.Configuring);
        machine.Receive(TunnelCodec.Encode(new TunnelControl { Configure = new() { Version = 2, MtuBytes = 1_280 } }), 1);
        Assert.Equal(Reason.UnsupportedVersion, machine.TakeAll()[^1].Reason);
    }

    [Fact]
    public void SecuredAtNode_OfferWithFault_Throws() =>
        Assert.Throws<ArgumentException>(() => new TunnelMachine(TunnelRole.Node, 1_370, 0).SecuredAtNode(TunnelSamples.Small with { MtuBytes = 1 }, 0));

    [Fact]
    public void RefuseAtNode_DeviceAsks_FarewellWithTheReason()
    {
        var machine = new TunnelMachine(TunnelRole.Node, 1_370, 0);
        machine.RefuseAtNode(Reason.NoAddress, "used up", 0);
        Assert.Empty(machine.TakeAll());
        machine.Receive(Request, 1);
        Assert.Equal(["Send:Farewell", "Closed:NoAddress"], machine.TakeAll().ConvertAll(Describe));
    }

    private static void Look(TunnelMachine machine, TunnelTraffic traffic, params long[] times)
    {
        foreach (var time in times)
        {
            machine.OnDeadline(time, traffic);
        }
    }

    private static TunnelMachine In(TunnelRole role, TunnelState state)
    {
        var machine = new TunnelMachine(role, 1_370, 0);
        if (state is TunnelState.Configuring or TunnelState.Up)
        {
            Happen(machine, "secured");
        }

        if (state == TunnelState.Up)
        {
            Happen(machine, role == TunnelRole.Device ? "configuration" : "configure");
        }
        else if (state == TunnelState.Closed)
        {
            Happen(machine, "close");
        }

        machine.TakeAll();
        Assert.Equal(state, machine.State);
        return machine;
    }

    private static TunnelInput? Happen(TunnelMachine machine, string happening)
    {
        switch (happening)
        {
            case "secured" when machine.Role == TunnelRole.Device:
                machine.SecuredAtDevice(0);
                return null;
            case "secured":
                machine.SecuredAtNode(TunnelSamples.Small, 0);
                return null;
            case "close":
                machine.Close(Reason.ClosedByNode, "test");
                return null;
            case "peerclosed":
                machine.PeerClosed("test");
                return null;
            default:
                return machine.Receive(Bytes(happening), 1);
        }
    }

    private static byte[] Bytes(string happening) => happening switch
    {
        "packet" => Packet,
        "long" => [0x45, .. new byte[1_370]],
        "ipv6" => [0x60, .. new byte[39]],
        "empty" => [],
        "garbage" => [0x01, 0xFF, 0xFF, 0xFF],
        "unknown" => [0x01, 0x7A, 0x00],
        "configure" => Request,
        "configuration" => Configuration,
        "probe" => Probe,
        "answer" => Answer,
        "farewell" => TunnelCodec.EncodeFarewell(Reason.NoAddress, "used up"),
        "farewell0" => TunnelCodec.EncodeFarewell(Reason.None, ""),
        _ => throw new ArgumentOutOfRangeException(nameof(happening), happening, null),
    };

    private static string Describe(TunnelEffect effect)
    {
        if (effect.Kind == TunnelEffectKind.Send)
        {
            Assert.Equal(Reason.None, TunnelCodec.TryDecode(effect.Plaintext.Span, out var control));
            return $"Send:{control!.BodyCase}";
        }

        return effect.Kind == TunnelEffectKind.Closed ? $"Closed:{effect.Reason}" : effect.Kind.ToString();
    }
}
