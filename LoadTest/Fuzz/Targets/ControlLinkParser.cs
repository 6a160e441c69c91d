using System.Buffers;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>One end of a control link with a hostile other end: <see cref="ControlLinkMachine"/> over a stream of frames. Nothing is handled before the link is up, and nothing that the other side may not ask.</summary>
internal sealed class ControlLinkParser(ControlSide side) : FuzzParser
{
    private const string Peer = "uem://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/device/laptop-7";

    public override IReadOnlyList<byte[]> Seeds => side == ControlSide.Silo
        ?
        [
            FuzzMessages.Stream(
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 1, LinkStart = new LinkStart { Version = 1, ProcessId = Google.Protobuf.ByteString.CopyFrom(new byte[16]), LastCut = 2 } }),
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 2, OpenTunnel = new OpenTunnel { Identity = Peer, SessionId = 1, Generation = 1, Channel = 1, RequestId = 1 } }),
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 3, RenewLeases = new RenewLeases { Leases = { new LeaseReport { LeaseId = "x/y/1", BytesIn = 5 } } } }),
                FuzzMessages.Frame(FrameType.ControlAnswer, 0, new ControlAnswer { Id = 1, Located = new Located { Present = { new Presence { Identity = Peer, SessionId = 1, Generation = 1 } } } }),
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 4, SessionsEnded = new SessionsEnded { Sessions = { new SessionEnded { Identity = Peer, SessionId = 1, Generation = 1, Reason = 302 } } } })),
        ]
        :
        [
            FuzzMessages.Stream(
                FuzzMessages.Frame(FrameType.ControlAnswer, 0, new ControlAnswer { Id = 1, LinkStarted = new LinkStarted { SiloId = "silo-1", Cuts = { new Cut { Sequence = 1, TenantId = new string('a', 64) } }, LastCut = 1 } }),
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 1, Cut = new Cut { Sequence = 2, TenantId = new string('a', 64), DeviceId = "laptop-7" } }),
                FuzzMessages.Frame(FrameType.ControlAnswer, 0, new ControlAnswer { Id = 2, TenantBundle = new TenantBundle { LifetimeSeconds = 60 } }),
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 2, EndTunnel = new EndTunnel { LeaseId = "x/y/1", Reason = 410 } }),
                FuzzMessages.Frame(FrameType.ControlRequest, 0, new ControlRequest { Id = 3, Locate = new Locate { Identities = { Peer } } })),
        ];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var machine = new ControlLinkMachine(side);
        var now = TimeSpan.FromHours(1);
        if (side == ControlSide.Edge)
        {
            Require(machine.Send(new ControlRequest { LinkStart = new LinkStart { Version = 1 } }, now, TimeSpan.FromSeconds(10)) == Reason.None, "The first request is not LinkStart.");
        }

        var buffer = new ReadOnlySequence<byte>(input.ToArray());
        while (FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out var header, out var payload) == FrameReadResult.Frame)
        {
            var before = machine.State;
            var arrival = header.Type == FrameType.ControlRequest ? machine.OnRequest(payload)
                : header.Type == FrameType.ControlAnswer ? machine.OnAnswer(payload)
                : new ControlArrival(ControlArrivalKind.Close, Reason: Reason.UnexpectedFrame);
            if (arrival.Kind == ControlArrivalKind.Close)
            {
                machine.End(arrival.Reason, []);
                break;
            }

            if (arrival.Request is { } request)
            {
                var other = side == ControlSide.Edge ? ControlSide.Silo : ControlSide.Edge;
                Require(ControlBodies.MaySend(other, request.BodyCase), $"{request.BodyCase} is not the other side's to ask.");
                Require(before == ControlLinkState.Linked || request.BodyCase == ControlRequest.BodyOneofCase.LinkStart, "A request was handled before the link was up.");
                Require(machine.TryFinish(request.Id, Reason.None), "A request that was handed on is not known.");
            }

            if (machine.State == ControlLinkState.Linked && machine.AskedCount == 0)
            {
                var own = side == ControlSide.Edge ? new ControlRequest { TenantBundle = new TenantBundleRequest() } : new ControlRequest { Locate = new Locate() };
                Require(machine.Send(own, now, TimeSpan.FromSeconds(10)) == Reason.None, "A linked end can't ask.");
            }

            Require(machine.ToAnswerCount <= ControlLinkLimits.MaxOutstanding && machine.AskedCount <= ControlLinkLimits.MaxOutstanding, "More is outstanding than the bound.");
        }

        return machine.State == ControlLinkState.Linked;
    }
}
