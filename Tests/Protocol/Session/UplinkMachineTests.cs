using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Session;

public sealed class UplinkMachineTests
{
    private const ulong Generation = 77;
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);
    private static readonly EdgeId Edge = new("edge-1");
    private static readonly Channel Tunnel = Channel.Create(3, 1);

    [Fact]
    public void OnFrame_HelloThenAttached_GoesUp()
    {
        var machine = new UplinkMachine(PeerRole.Device, Edge, Start);
        Assert.Equal(FrameLimits.MaxUnattachedPayloadBytes, machine.MaxPayloadBytes);

        Assert.Equal(UplinkEffectKind.SendAttach, Send(machine, FrameType.Hello, GoodHello()).Kind);
        Assert.Equal(Edge, machine.Edge);
        Assert.Equal(ProtocolVersion.Current, machine.Version);
        Assert.Equal(TimeSpan.FromSeconds(30), machine.KeepAlive);
        machine.OnAttachSent(Generation);

        Assert.Equal(UplinkEffectKind.Attached, Send(machine, FrameType.Attached, GoodAttached()).Kind);
        Assert.Equal(UplinkState.Attached, machine.State);
        Assert.Equal(5UL, machine.Session.Value);
        Assert.Null(machine.Deadline);
        Assert.Equal(FrameLimits.MaxPayloadBytes, machine.MaxPayloadBytes);
    }

    // One row for each frame: state, role, type, on a tunnel's channel; expected effect, or the fault.
    [Theory]
    [InlineData(UplinkState.AwaitHello, PeerRole.Device, FrameType.Attached, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.AwaitHello, PeerRole.Device, FrameType.GoAway, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.AwaitHello, PeerRole.Device, FrameType.Datagram, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.AwaitHello, PeerRole.Device, FrameType.Hello, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attaching, PeerRole.Device, FrameType.Hello, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attaching, PeerRole.Device, FrameType.Opened, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attaching, PeerRole.Node, FrameType.Open, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attaching, PeerRole.Node, FrameType.Datagram, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Hello, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Attached, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Opened, true, Reason.None)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Opened, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Refused, false, Reason.None)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Refused, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.CloseTunnel, true, Reason.None)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.CloseTunnel, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Datagram, true, Reason.None)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Datagram, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Open, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Device, FrameType.Enrol, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.Open, true, Reason.None)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.Open, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.Enrol, false, Reason.None)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.Opened, true, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.Refused, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.Attach, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.ControlRequest, false, Reason.UnexpectedFrame)]
    [InlineData(UplinkState.Attached, PeerRole.Node, FrameType.EnrolAnswer, false, Reason.UnexpectedFrame)]
    public void OnFrame_ByStateRoleAndChannel_IsDeliveredOrAFault(
        UplinkState state, PeerRole role, FrameType type, bool isOnTunnel, Reason expected)
    {
        var machine = MachineIn(state, role);

        var effect = Send(machine, type, PayloadOf(type), isOnTunnel ? Tunnel : Channel.Session);

        if (expected == Reason.None)
        {
            Assert.Equal(UplinkEffectKind.Deliver, effect.Kind);
            Assert.Equal(type == FrameType.Datagram, effect.Body is null);
            Assert.Equal(state, machine.State);
        }
        else
        {
            Assert.Equal(UplinkEffectKind.End, effect.Kind);
            Assert.Equal(expected, effect.End!.Reason);
            Assert.False(effect.End.IsByPeer);
            Assert.Equal(UplinkState.Closed, machine.State);
        }
    }

    [Fact]
    public void OnFrame_UnknownType_IsIgnoredOnlyWithTheOptionalFlag()
    {
        var machine = MachineIn(UplinkState.Attached, PeerRole.Device);
        var optional = new FrameHeader((FrameType)0x7F, FrameFlags.Optional, 0, Channel.Session);
        Assert.Equal(UplinkEffectKind.None, machine.OnFrame(optional, default, Start).Kind);

        var effect = machine.OnFrame(optional with { Flags = FrameFlags.None }, default, Start);
        Assert.Equal(Reason.UnknownFrame, effect.End!.Reason);
    }

    [Theory]
    [InlineData(8, Reason.None)]
    [InlineData(7, Reason.MalformedFrame)]
    [InlineData(9, Reason.MalformedFrame)]
    public void OnFrame_PingLength_IsExact(int bytes, Reason expected)
    {
        var machine = MachineIn(UplinkState.AwaitHello, PeerRole.Device);
        var header = new FrameHeader(FrameType.Ping, FrameFlags.None, bytes, Channel.Session);
        Assert.Equal(expected, machine.OnFrame(header, new ReadOnlySequence<byte>(new byte[bytes]), Start).End?.Reason ?? Reason.None);
    }

    [Theory]
    [InlineData(0u, 1u, 30u, Reason.MalformedFrame)]
    [InlineData(1u, 0u, 30u, Reason.MalformedFrame)]
    [InlineData(1u, 2u, 30u, Reason.MalformedFrame)]
    [InlineData(1u, 1u, 4u, Reason.MalformedFrame)]
    [InlineData(1u, 1u, 601u, Reason.MalformedFrame)]
    [InlineData(9u, 2u, 30u, Reason.UnsupportedVersion)]
    [InlineData(9u, 1u, 5u, Reason.None)]
    [InlineData(1u, 1u, 600u, Reason.None)]
    public void OnFrame_HelloRangesAndVersions_AreJudged(uint version, uint oldest, uint keepAlive, Reason expected)
    {
        var machine = new UplinkMachine(PeerRole.Device, Edge, Start);
        var hello = GoodHello();
        (hello.Version, hello.OldestVersion, hello.KeepAliveSeconds) = (version, oldest, keepAlive);

        var effect = Send(machine, FrameType.Hello, hello);

        Assert.Equal(expected, effect.End?.Reason ?? Reason.None);
    }

    [Fact]
    public void OnFrame_HelloOfAnotherNameThanTheCertificate_IsRefused()
    {
        var machine = new UplinkMachine(PeerRole.Device, new EdgeId("edge-2"), Start);
        Assert.Equal(Reason.CertificateWrongName, Send(machine, FrameType.Hello, GoodHello()).End!.Reason);
    }

    [Fact]
    public void OnFrame_AttachedBeforeAttachIsSentOrOfAnotherGeneration_IsAFault()
    {
        var early = new UplinkMachine(PeerRole.Device, Edge, Start);
        Send(early, FrameType.Hello, GoodHello());
        Assert.Equal(Reason.UnexpectedFrame, Send(early, FrameType.Attached, GoodAttached()).End!.Reason);

        var other = MachineIn(UplinkState.Attaching, PeerRole.Device);
        Assert.Equal(Reason.MalformedFrame, Send(other, FrameType.Attached, new Attached { SessionId = 1, Generation = 78 }).End!.Reason);
    }

    [Fact]
    public void OnFrame_Close_CarriesTheHintsAndNoControlCharacters()
    {
        var machine = MachineIn(UplinkState.Attaching, PeerRole.Device);
        var end = Send(machine, FrameType.Close, new Close
        {
            Reason = (uint)Reason.StaleGeneration,
            Detail = "old\u001b[2J",
            RetryAfterMs = 1500,
            LastGeneration = 99,
            ServerTimeUnixMs = Start.ToUnixTimeMilliseconds(),
        }).End!;

        Assert.True(end.IsByPeer);
        Assert.Equal(Reason.StaleGeneration, end.Reason);
        Assert.Equal("old [2J", end.Detail);
        Assert.Equal(TimeSpan.FromSeconds(1.5), end.RetryAfter);
        Assert.Equal(99UL, end.LastGeneration);
        Assert.Equal(Start, end.ServerTime);
        Assert.Equal(UplinkEffectKind.None, Send(machine, FrameType.Close, new Close()).Kind);
        Assert.Equal(UplinkEffectKind.None, machine.Close(Reason.Detached, "").Kind);
    }

    [Fact]
    public void OnFrame_CloseDetailOverTheLimit_IsMalformed()
    {
        var machine = MachineIn(UplinkState.Attached, PeerRole.Device);
        Assert.Equal(UplinkEffectKind.End, Send(machine, FrameType.Close, new Close { Detail = new string('x', FrameLimits.MaxDetailCharacters) }).Kind);
        machine = MachineIn(UplinkState.Attached, PeerRole.Device);
        var end = Send(machine, FrameType.Close, new Close { Detail = new string('x', FrameLimits.MaxDetailCharacters + 1) }).End!;
        Assert.Equal(Reason.MalformedFrame, end.Reason);
    }

    [Fact]
    public void OnFrame_GoAway_TellsWhenAndGoesOn()
    {
        var machine = MachineIn(UplinkState.Attached, PeerRole.Node);
        var effect = Send(machine, FrameType.GoAway, new GoAway { Reason = (uint)Reason.Draining, ReconnectAfterMs = 250 });
        Assert.Equal(UplinkEffectKind.GoAway, effect.Kind);
        Assert.Equal(TimeSpan.FromMilliseconds(250), effect.After);
        Assert.Equal(Reason.Draining, effect.Reason);
        Assert.Equal(UplinkState.Attached, machine.State);
    }

    [Fact]
    public void OnTime_EachDeadline_EndsWithHandshakeTimeout()
    {
        var waiting = new UplinkMachine(PeerRole.Device, Edge, Start);
        Assert.Equal(UplinkEffectKind.None, waiting.OnTime(Start + UplinkMachine.HelloTimeout - TimeSpan.FromTicks(1)).Kind);
        Assert.Equal(Reason.HandshakeTimeout, waiting.OnTime(Start + UplinkMachine.HelloTimeout).End!.Reason);

        var attaching = MachineIn(UplinkState.Attaching, PeerRole.Device);
        Assert.Equal(UplinkEffectKind.None, attaching.OnTime(Start + UplinkMachine.HelloTimeout).Kind);
        Assert.Equal(Reason.HandshakeTimeout, attaching.OnTime(Start + UplinkMachine.AttachTimeout).End!.Reason);

        Assert.Equal(UplinkEffectKind.None, MachineIn(UplinkState.Attached, PeerRole.Device).OnTime(DateTimeOffset.MaxValue).Kind);
    }

    [Fact]
    public void OnFrame_Datagram_AllocatesNothing()
    {
        var machine = MachineIn(UplinkState.Attached, PeerRole.Device);
        var header = new FrameHeader(FrameType.Datagram, FrameFlags.None, 1200, Tunnel);
        var payload = new ReadOnlySequence<byte>(new byte[1200]);
        machine.OnFrame(header, payload, Start);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            machine.OnFrame(header, payload, Start);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // Any bytes in any state: no exception, and what is delivered is within its ranges.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void OnFrame_AnyBytes_NeverThrows(int seed)
    {
        var random = new Random(seed);
        var types = Enum.GetValues<FrameType>();
        var states = new[] { UplinkState.AwaitHello, UplinkState.Attaching, UplinkState.Attached };
        for (var round = 0; round < 5_000; round++)
        {
            var machine = MachineIn(states[random.Next(3)], random.Next(2) == 0 ? PeerRole.Device : PeerRole.Node);
            for (var frame = 0; frame < 4; frame++)
            {
                var type = random.Next(10) == 0 ? (FrameType)random.Next(256) : types[random.Next(types.Length)];
                var bytes = random.Next(3) == 0 ? Damage(random, PayloadOf(type)) : RandomBytes(random);
                var channel = random.Next(2) == 0 ? Channel.Session : new Channel((uint)random.Next());
                var header = new FrameHeader(type, (FrameFlags)random.Next(256), bytes.Length, channel);
                var effect = machine.OnFrame(header, new ReadOnlySequence<byte>(bytes), Start);
                Assert.True(
                    effect.Kind != UplinkEffectKind.End || machine.State == UplinkState.Closed, $"seed {seed} round {round} {type}");
                if (effect.Body is Opened opened)
                {
                    Assert.True(NameRules.IsName(opened.NodeId), $"seed {seed} round {round}");
                }
            }
        }
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(64)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Damage(Random random, IMessage body)
    {
        var bytes = body.ToByteArray();
        for (var i = 0; i < 2 && bytes.Length > 0; i++)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }

        return random.Next(2) == 0 ? bytes : bytes[..random.Next(bytes.Length + 1)];
    }

    private static UplinkMachine MachineIn(UplinkState state, PeerRole role)
    {
        var machine = new UplinkMachine(role, Edge, Start);
        if (state >= UplinkState.Attaching)
        {
            Send(machine, FrameType.Hello, GoodHello());
            machine.OnAttachSent(Generation);
        }

        if (state >= UplinkState.Attached)
        {
            Send(machine, FrameType.Attached, GoodAttached());
        }

        Assert.Equal(state, machine.State);
        return machine;
    }

    private static UplinkEffect Send(UplinkMachine machine, FrameType type, IMessage body, Channel channel = default)
    {
        var bytes = body.ToByteArray();
        return machine.OnFrame(new FrameHeader(type, FrameFlags.None, bytes.Length, channel), new ReadOnlySequence<byte>(bytes), Start);
    }

    private static Hello GoodHello() => new() { Version = 1, OldestVersion = 1, ServerName = "edge-1", KeepAliveSeconds = 30 };

    private static Attached GoodAttached() => new() { SessionId = 5, Generation = Generation };

    private static IMessage PayloadOf(FrameType type) => type switch
    {
        FrameType.Hello => GoodHello(),
        FrameType.Attached => GoodAttached(),
        FrameType.Open => new Open { TunnelId = 1, DeviceId = "phone-1" },
        FrameType.Opened => new Opened { RequestId = 1, TunnelId = 1, NodeId = "node-1" },
        FrameType.Refused => new Refused { RequestId = 1, Reason = (uint)Reason.NoNode },
        FrameType.CloseTunnel => new CloseTunnel { Reason = (uint)Reason.Idle },
        FrameType.Enrol => new Enrol { RequestId = 1, TenantId = new string('a', 64), ActivationId = new string('A', 22) },
        _ => new Close { Detail = "x" },
    };
}
