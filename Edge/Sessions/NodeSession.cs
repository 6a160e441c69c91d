using System.Buffers;
using Google.Protobuf;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Sessions;

/// <summary>A node: gets tunnels offered and devices to certify, on the order of a silo.</summary>
internal sealed class NodeSession(EdgeServer server, TlsConnection tls, UdpListener? udp)
    : EdgeSession(server, tls, PeerRole.Node, server.Limits.MaxTunnelsPerNode, udp)
{
    /// <summary>Enrolments that one node has not answered; a node signs one in a millisecond.</summary>
    private const int MaxEnrolments = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PendingOffer> _offers = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, TaskCompletionSource<EnrolAnswer>> _enrolments = [];
    private ulong _lastEnrolment;

    /// <summary>Offers a tunnel. The same lease again gets the same answer.</summary>
    public Task<ControlAnswer> OfferAsync(OfferTunnel offer)
    {
        lock (_lock)
        {
            if (Server.Routes.TryGetChannel(offer.Lease.LeaseId, isFromDevice: false, this, out var channel))
            {
                return Task.FromResult(Taken(channel));
            }

            if (_offers.TryGetValue(offer.Lease.LeaseId, out var pending))
            {
                return pending.Answer;
            }

            var slot = Channels.TryAllocate(this, new TaskCompletionSource<Refused?>(TaskCreationOptions.RunContinuationsAsynchronously));
            if (slot is null)
            {
                return Task.FromResult(ControlBodies.Refusal(Reason.TunnelLimit));
            }

            var added = new PendingOffer(slot);
            _offers.Add(offer.Lease.LeaseId, added);

            // Under the lock, so that a withdrawal can't overtake it.
            Connection.TrySend(FrameType.Open, slot.Channel, new Open { TunnelId = offer.TunnelId, DeviceId = offer.DeviceId });
            added.Answer = AwaitOfferAsync(offer, slot);
            return added.Answer;
        }
    }

    /// <summary>A silo ended a tunnel that the node has not answered yet.</summary>
    public void WithdrawOffer(string leaseId, Reason reason)
    {
        lock (_lock)
        {
            if (_offers.TryGetValue(leaseId, out var pending)
                && pending.Slot.Offer?.TrySetResult(new Refused { Reason = (uint)reason }) == true)
            {
                Connection.TrySend(FrameType.CloseTunnel, pending.Slot.Channel, new CloseTunnel { Reason = (uint)reason });
            }
        }
    }

    /// <summary>Asks the node to certify a device.</summary>
    public async Task<ControlAnswer> EnrolAsync(ByteString payload)
    {
        var enrol = Enrol.Parser.ParseFrom(payload);
        var answer = new TaskCompletionSource<EnrolAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (IsEnded)
            {
                return ControlBodies.Refusal(Reason.NodeLost);
            }

            if (_enrolments.Count >= MaxEnrolments)
            {
                return ControlBodies.Refusal(Reason.Overloaded);
            }

            enrol.RequestId = ++_lastEnrolment;
            _enrolments.Add(enrol.RequestId, answer);
        }

        try
        {
            Connection.TrySend(FrameType.Enrol, Channel.Session, enrol);
            var received = await answer.Task.WaitAsync(Server.Limits.NodeAnswerTimeout, Server.Time);
            return received.RequestId == 0
                ? ControlBodies.Refusal(ReasonText.FromWire(received.Reason))
                : new ControlAnswer { EnrolledAtNode = new EnrolledAtNode { Answer = received.ToByteString() } };
        }
        catch (TimeoutException)
        {
            // Operating failure: the node did not answer.
            return ControlBodies.Refusal(Reason.ControlTimeout, "The node did not answer ENROL.");
        }
        finally
        {
            lock (_lock)
            {
                _enrolments.Remove(enrol.RequestId);
            }
        }
    }

    protected override Reason OnControlFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        switch (header.Type)
        {
            case FrameType.Opened:
                Opened.Parser.ParseFrom(payload);
                return OnOffer(header.Channel, refused: null);
            case FrameType.Refused:
                return OnOffer(header.Channel, Refused.Parser.ParseFrom(payload));
            case FrameType.CloseTunnel:
                OnCloseTunnel(header.Channel, payload, Reason.ClosedByNode);
                return Reason.None;
            case FrameType.EnrolAnswer:
                OnEnrolAnswer(EnrolAnswer.Parser.ParseFrom(payload));
                return Reason.None;
            default:
                return Reason.None;
        }
    }

    protected override void OnEnded()
    {
        lock (_lock)
        {
            foreach (var pending in _offers.Values)
            {
                pending.Slot.Offer?.TrySetResult(new Refused { Reason = (uint)Reason.NodeLost });
            }

            foreach (var waiter in _enrolments.Values)
            {
                waiter.TrySetResult(new EnrolAnswer { Reason = (uint)Reason.NodeLost });
            }
        }
    }

    private static ControlAnswer Taken(Channel channel) => new() { TunnelTaken = new TunnelTaken { Channel = channel.Value } };

    private Reason OnOffer(Channel channel, Refused? refused)
    {
        // A channel that is gone was withdrawn or timed out while the answer was under way.
        if (FindOrDrop(channel) is not { } slot)
        {
            return Reason.None;
        }

        // An offer that was withdrawn a moment ago is still there; only an open tunnel's second answer is a fault.
        return slot.Offer?.TrySetResult(refused) == true || slot.Route is null ? Reason.None : Reason.UnexpectedFrame;
    }

    private void OnEnrolAnswer(EnrolAnswer answer)
    {
        lock (_lock)
        {
            if (_enrolments.TryGetValue(answer.RequestId, out var waiter))
            {
                waiter.TrySetResult(answer);
            }
        }
    }

    private async Task<ControlAnswer> AwaitOfferAsync(OfferTunnel offer, ChannelSlot slot)
    {
        // Off the caller's lock.
        await Task.Yield();
        try
        {
            var refused = IsEnded
                ? new Refused { Reason = (uint)Reason.NodeLost }
                : await slot.Offer!.Task.WaitAsync(Server.Limits.NodeAnswerTimeout, Server.Time);
            if (refused is not null)
            {
                Channels.Release(slot);
                var reason = ReasonText.FromWire(refused.Reason);
                return ControlBodies.Refusal(reason == Reason.None ? Reason.NodeRefused : reason, refused.Detail);
            }

            return Install(offer, slot);
        }
        catch (TimeoutException)
        {
            // Operating failure: the node is told that its answer comes too late.
            Connection.TrySend(FrameType.CloseTunnel, slot.Channel, new CloseTunnel { Reason = (uint)Reason.ControlTimeout });
            Channels.Release(slot);
            return ControlBodies.Refusal(Reason.ControlTimeout, "The node did not answer OPEN.");
        }
        finally
        {
            lock (_lock)
            {
                _offers.Remove(offer.Lease.LeaseId);
            }
        }
    }

    private ControlAnswer Install(OfferTunnel offer, ChannelSlot slot)
    {
        var reason = Server.Routes.TryInstall(offer.Lease, slot, isFromDevice: false, Server.Now, out var detail);
        if (reason == Reason.None && IsEnded)
        {
            reason = Reason.NodeLost;
        }

        if (reason == Reason.None)
        {
            slot.Offer = null;
            return Taken(slot.Channel);
        }

        Connection.TrySend(FrameType.CloseTunnel, slot.Channel, new CloseTunnel { Reason = (uint)reason, Detail = detail });
        Server.Routes.EndSlot(slot, reason, detail, silent: this);
        return ControlBodies.Refusal(reason, detail);
    }

    private sealed class PendingOffer(ChannelSlot slot)
    {
        public ChannelSlot Slot { get; } = slot;

        public Task<ControlAnswer> Answer { get; set; } = null!;
    }
}
