using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Protocol.Tunnel;

public sealed class RekeyMachineTests
{
    [Fact]
    public void Device_WholeRenewal_InOrder()
    {
        var machine = Up(TunnelRole.Device);
        machine.Rekey.Due(1_000);
        Assert.Equal(["BeginKeys"], Effects(machine));
        machine.Rekey.Send([1, 2]);
        Assert.Equal(["Rekey 2/1: 0102"], Effects(machine));
        machine.Receive(Message(2, 1, 7), 1_100);
        Assert.Equal(["KeysDatagram 07"], Effects(machine));
        machine.Rekey.Secured(1_200);

        // Any record of ours confirms; this one goes out at once and again until the node is heard under the new keys.
        Assert.Equal(["SwitchKeys", "Probe"], Effects(machine));
        Assert.Equal([1_450L, 1_950, 2_950, 4_950, 8_950, 12_950], Deadlines(machine, 6));
        Assert.Equal(1, machine.Rekey.Epoch);
        machine.Rekey.Confirmed(13_000);
        Assert.Equal((2, 13_000 + TunnelLimits.RekeyOverlap), (machine.Rekey.Epoch, machine.NextDeadline));
        Effects(machine);
        machine.OnDeadline(machine.NextDeadline, default);
        Assert.Equal(["RetireKeys"], Effects(machine));
        Assert.Equal(long.MaxValue, machine.NextDeadline);
    }

    [Fact]
    public void Node_WholeRenewal_SwitchesOnlyOnceTheDeviceHasTheKeys()
    {
        var machine = Up(TunnelRole.Node);
        machine.Receive(Message(2, 1, 7), 1_000);
        Assert.Equal(["BeginKeys", "KeysDatagram 07"], Effects(machine));
        machine.Rekey.Secured(1_200);
        Assert.Empty(Effects(machine));
        Assert.Equal(long.MaxValue, machine.NextDeadline);

        // The device repeats its Finished: ours was lost.
        machine.Receive(Message(2, 1, 9), 1_300);
        Assert.Equal(["KeysDatagram 09"], Effects(machine));
        machine.Rekey.Confirmed(1_400);
        Assert.Equal(["SwitchKeys"], Effects(machine));
        Assert.Equal(2, machine.Rekey.Epoch);

        // Late copies of this renewal.
        machine.Receive(Message(2, 1, 9), 1_500);
        Assert.Empty(Effects(machine));
    }

    [Fact]
    public void Device_NoAnswer_GivesUpAndTriesAgainUnderAHigherNumber()
    {
        var machine = Up(TunnelRole.Device);
        machine.Rekey.Due(0);
        Effects(machine);
        machine.OnDeadline(TunnelLimits.RekeyTimeout, default);
        Assert.Equal(["AbandonKeys"], Effects(machine));
        machine.Rekey.Due(TunnelLimits.RekeyTimeout + 1);
        Assert.Empty(Effects(machine));
        machine.OnDeadline(TunnelLimits.RekeyTimeout + TunnelLimits.RekeyRetryAfter, default);
        Assert.Equal(["BeginKeys"], Effects(machine));
        machine.Rekey.Send([5]);
        Assert.Equal(["Rekey 2/2: 05"], Effects(machine));

        // An answer to the first attempt is of no use any more.
        machine.Receive(Message(2, 1, 7), 20_000);
        Assert.Empty(Effects(machine));
    }

    [Fact]
    public void Node_HigherAttempt_BeginsAnewButNotFasterThanOnceASecond()
    {
        var machine = Up(TunnelRole.Node);
        machine.Receive(Message(2, 1, 7), 1_000);
        Effects(machine);
        machine.Receive(Message(2, 2, 8), 1_500);
        Assert.Empty(Effects(machine));
        machine.Receive(Message(2, 3, 9), 1_000 + TunnelLimits.RekeyIntervalMin);
        Assert.Equal(["BeginKeys", "KeysDatagram 09"], Effects(machine));
        machine.Receive(Message(2, 2, 9), 9_000);
        Assert.Empty(Effects(machine));
        machine.OnDeadline(1_000 + TunnelLimits.RekeyIntervalMin + TunnelLimits.SecureTimeout, default);
        Assert.Equal(["AbandonKeys"], Effects(machine));
        Assert.Equal(long.MaxValue, machine.NextDeadline);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(3u)]
    [InlineData(65_538u)]
    public void Receive_OtherEpochThanTheNext_Ignored(uint epoch)
    {
        var machine = Up(TunnelRole.Node);
        machine.Receive(Message(epoch, 1, 7), 1_000);
        Assert.Empty(Effects(machine));
    }

    [Fact]
    public void Receive_BeforeTheTunnelIsUpOrAfterItsEnd_Ignored()
    {
        var machine = new TunnelMachine(TunnelRole.Node, 1_370, 0);
        machine.SecuredAtNode(TunnelSamples.Small, 0);
        machine.Receive(Message(2, 1, 7), 1);
        Assert.Empty(machine.TakeAll());
        machine = Up(TunnelRole.Device);
        machine.Rekey.Due(0);
        machine.PeerClosed("test");
        machine.TakeAll();
        machine.Rekey.Due(1);
        machine.Rekey.Secured(2);
        machine.Rekey.Confirmed(3);
        machine.OnDeadline(100_000, default);
        Assert.Empty(machine.TakeAll());
        Assert.Equal(long.MaxValue, machine.NextDeadline);
    }

    [Fact]
    public void Due_KeysWornBeforeTheOldOnesAreGone_RetiresThemAndBegins()
    {
        var machine = Up(TunnelRole.Device);
        machine.Rekey.Due(0);
        machine.Rekey.Secured(100);
        machine.Rekey.Due(150);
        machine.Rekey.Confirmed(200);
        Effects(machine);
        machine.Rekey.Due(300);
        Assert.Equal(["RetireKeys", "BeginKeys"], Effects(machine));
        Assert.Equal(3, machine.Rekey.NextEpoch);
    }

    [Fact]
    public void OnDeadline_TrafficAfterAnHour_DeviceBeginsNodeDoesNot()
    {
        foreach (var role in new[] { TunnelRole.Device, TunnelRole.Node })
        {
            var machine = Up(role);
            machine.Watch(new TunnelTraffic(1, 0), TunnelLimits.RekeyAfter - TunnelLimits.ProbeInterval - 1);
            machine.OnDeadline(TunnelLimits.RekeyAfter - 1, new TunnelTraffic(2, 1));
            Assert.Empty(Effects(machine));
            machine.OnDeadline(TunnelLimits.RekeyAfter - 1 + TunnelLimits.ProbeInterval, new TunnelTraffic(2, 2));
            Assert.Equal(role == TunnelRole.Device ? ["BeginKeys"] : [], Effects(machine));
        }
    }

    // Two machines, a handshake of two messages each way, loss, delay and reordering, records at random times. Whatever is sealed in an epoch opens at the other end.
    [Fact]
    public void Pair_OverLossyLink_EveryRecordOpensAndRenewalsGoOn()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var link = new RekeyLink(seed, loss: seed % 4 * 0.1);
            link.Run(steps: 6_000);
            Assert.True(link.Fault is null, $"seed {seed}: {link.Fault}");
            Assert.True(link.Device.Machine.Rekey.Epoch >= 3, $"seed {seed}: epoch {link.Device.Machine.Rekey.Epoch}");
        }
    }

    internal static TunnelMachine Up(TunnelRole role)
    {
        var machine = new TunnelMachine(role, 1_370, 0);
        if (role == TunnelRole.Device)
        {
            machine.SecuredAtDevice(0);
            machine.Receive(TunnelCodec.Encode(TunnelSamples.Small)[0], 0);
        }
        else
        {
            machine.SecuredAtNode(TunnelSamples.Small, 0);
            machine.Receive(TunnelCodec.Encode(new TunnelControl { Configure = new() { Version = 1, MtuBytes = 1_280 } }), 0);
        }

        machine.TakeAll();
        Assert.Equal(TunnelState.Up, machine.State);
        return machine;
    }

    private static byte[] Message(uint epoch, uint attempt, params byte[] datagram) =>
        TunnelCodec.Encode(new TunnelControl { Rekey = new TunnelRekey { Epoch = epoch, Attempt = attempt, Datagram = ByteString.CopyFrom(datagram) } });

    private static List<long> Deadlines(TunnelMachine machine, int count)
    {
        List<long> deadlines = [];
        for (var i = 0; i < count; i++)
        {
            deadlines.Add(machine.NextDeadline);
            machine.OnDeadline(machine.NextDeadline, default);
        }

        return deadlines;
    }

    private static List<string> Effects(TunnelMachine machine) => machine.TakeAll().ConvertAll(effect =>
    {
        if (effect.Kind != TunnelEffectKind.Send)
        {
            return $"{effect.Kind} {Convert.ToHexString(effect.Plaintext.Span)}".Trim();
        }

        TunnelCodec.TryDecode(effect.Plaintext.Span, out var control);
        return control!.Rekey is { } rekey ? $"Rekey {rekey.Epoch}/{rekey.Attempt}: {Convert.ToHexString(rekey.Datagram.Span)}" : control.BodyCase.ToString();
    });
}
