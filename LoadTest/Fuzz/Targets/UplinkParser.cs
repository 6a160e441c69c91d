using System.Buffers;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>A device's or node's side of a session with a hostile edge: <see cref="UplinkMachine"/> over a stream of frames.</summary>
internal sealed class UplinkParser(PeerRole role) : FuzzParser
{
    private const uint Tunnel = 0x0010_0001;
    private const ulong Generation = 7;
    private static readonly EdgeId Edge = new("edge-1");

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            byte[][] frames =
            [
                FuzzMessages.Frame(FrameType.Hello, 0, new Hello { Version = 1, OldestVersion = 1, ServerName = Edge.Text, TimeUnixMs = 1, KeepAliveSeconds = 30 }),
                FuzzMessages.Frame(FrameType.Attached, 0, new Attached { SessionId = 5, Generation = Generation }),
                FuzzMessages.Frame(FrameType.Ping, 0, null),
                FuzzMessages.Frame(FrameType.GoAway, 0, new GoAway { Reason = (uint)Reason.Draining, ReconnectAfterMs = 500 }),
                role == PeerRole.Device
                    ? FuzzMessages.Frame(FrameType.Opened, Tunnel, new Opened { RequestId = 1, TunnelId = 1, NodeId = "node-1", IdleSeconds = 600 })
                    : FuzzMessages.Frame(FrameType.Open, Tunnel, new Open { TunnelId = 1, DeviceId = "laptop-7" }),
                FuzzMessages.Frame(FrameType.Datagram, Tunnel, null),
                FuzzMessages.Frame(FrameType.CloseTunnel, Tunnel, new CloseTunnel { Reason = (uint)Reason.Idle, Detail = "quiet" }),
                role == PeerRole.Device
                    ? FuzzMessages.Frame(FrameType.Refused, 0, new Refused { RequestId = 2, Reason = (uint)Reason.NoNode, Detail = "none", RetryAfterMs = 9 })
                    : FuzzMessages.Frame(FrameType.Enrol, 0, new Enrol { RequestId = 1, TenantId = new string('a', 64), ActivationId = new string('A', 22) }),
                FuzzMessages.Frame(FrameType.Close, 0, new Close { Reason = (uint)Reason.ClockSkew, Detail = "clock", ServerTimeUnixMs = 1, LastGeneration = 8, RetryAfterMs = 4 }),
            ];
            return [FuzzMessages.Stream(frames)];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var machine = new UplinkMachine(role, Edge, FuzzAuthority.Now);
        var buffer = new ReadOnlySequence<byte>(input.ToArray());
        while (FrameReader.TryRead(ref buffer, machine.MaxPayloadBytes, out var header, out var payload) == FrameReadResult.Frame)
        {
            var before = machine.State;
            var effect = machine.OnFrame(header, payload, FuzzAuthority.Now);
            switch (effect.Kind)
            {
                case UplinkEffectKind.SendAttach:
                    Require(before == UplinkState.AwaitHello && machine.Version == ProtocolVersion.Current, "ATTACH without a HELLO of our version.");
                    machine.OnAttachSent(Generation);
                    break;
                case UplinkEffectKind.Attached:
                    Require(before == UplinkState.Attaching && machine.Session.Value is > 0 and <= long.MaxValue, "Attached without asking, or without a session.");
                    break;
                case UplinkEffectKind.Deliver:
                    Require(before == UplinkState.Attached, $"{header.Type} was delivered while {before}.");
                    break;
                case UplinkEffectKind.End:
                    CheckEnd(machine, effect.End!);
                    break;
            }
        }

        return machine.State == UplinkState.Attached || machine.Session.Value != 0;
    }

    private static void CheckEnd(UplinkMachine machine, UplinkEnd end)
    {
        Require(machine.State == UplinkState.Closed && machine.Deadline is null, "Ended and still open.");
        Require(end.Detail.Length <= FrameLimits.MaxDetailCharacters && !end.Detail.Any(char.IsControl), "The end's words are too long or not printable.");
        var decision = ReconnectPolicy.Decide(0, end, TimeSpan.Zero, 0.5);
        Require(decision.IsFatal || decision.Delay <= ReconnectPolicy.MaxRetryAfter, "An edge sends a peer away for good.");
        _ = end.ToClose();
        _ = end.ToString();
    }
}
