using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Sessions;

/// <summary>A device: asks for its tunnel with OPEN (Protocol/README.md "Tunnel ladder").</summary>
internal sealed partial class DeviceSession(EdgeServer server, TlsConnection tls, UdpListener? udp)
    : EdgeSession(server, tls, PeerRole.Device, MaxChannels, udp)
{
    /// <summary>A device has one tunnel, for a moment a second one that replaces it, and OPENs under way.</summary>
    private const int MaxChannels = 1_024;

    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(15); // the silo waits 10 s for the node's edge

    private readonly TokenBucket _opens = new(server.Limits.OpensPerMinute / 60.0, Math.Max(1, server.Limits.OpensPerMinute / 3.0));

    // Null while no OPEN is under way; guarded, with the bucket and the last answer, by the session's lock.
    private List<uint>? _opening;
    private (ChannelSlot Slot, Opened Opened)? _last;

    public override Task PauseAsync() => LastQueued is { } route && route.EndReason == Reason.None ? route.Peer.Owner.WaitForRoomAsync(route.Peer.Channel) : Task.CompletedTask;

    protected override Reason OnControlFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        switch (header.Type)
        {
            case FrameType.Open:
                return OnOpen(Open.Parser.ParseFrom(payload));
            case FrameType.CloseTunnel:
                OnCloseTunnel(header.Channel, payload, Reason.ClosedByDevice);
                return Reason.None;
            default:
                return Reason.None;
        }
    }

    private Reason OnOpen(Open open)
    {
        if (open.NodeId.Length > 0 && !NodeId.TryParse(open.NodeId, out _))
        {
            return Reason.MalformedFrame;
        }

        ChannelSlot? slot;
        var wait = TimeSpan.Zero;
        lock (Lock)
        {
            if (_last is { } last && last.Opened.RequestId == open.RequestId && Channels.Find(last.Slot.Channel, out _) == last.Slot)
            {
                Connection.TrySend(FrameType.Opened, last.Slot.Channel, last.Opened);
                return Reason.None;
            }

            if (_opening?.Contains(open.RequestId) == true)
            {
                return Reason.None;
            }

            slot = (_opening?.Count ?? 0) < Server.Limits.MaxOpensPerDevice && TryTakeOpenLocked(out wait) ? Channels.TryAllocate(this) : null;
            if (slot is not null)
            {
                (_opening ??= []).Add(open.RequestId);
            }
        }

        if (slot is null)
        {
            Refuse(open.RequestId, Reason.Overloaded, "Too many OPENs at this moment.", wait);
        }
        else
        {
            _ = OpenAsync(open, slot);
        }

        return Reason.None;
    }

    private async Task OpenAsync(Open open, ChannelSlot slot)
    {
        try
        {
            var answer = await Server.Silos.RequestAsync(
                new ControlRequest
                {
                    OpenTunnel = new OpenTunnel
                    {
                        Identity = IdentityText,
                        SessionId = Id,
                        Generation = Generation,
                        Channel = slot.Channel.Value,
                        NodeId = open.NodeId,
                        RequestId = open.RequestId,
                    },
                },
                OpenTimeout);
            Finish(open, slot, answer);
        }
        catch (Exception e)
        {
            // Nobody awaits this task: the fault refuses the OPEN here.
            LogOpenFault(Server.Logger, e);
            Server.Routes.EndSlot(slot, Reason.InternalError, "", silent: this);
            Refuse(open.RequestId, Reason.InternalError, "");
        }
        finally
        {
            lock (Lock)
            {
                _opening!.Remove(open.RequestId);
                _opening = _opening.Count == 0 ? null : _opening;
            }
        }
    }

    private void Finish(Open open, ChannelSlot slot, ControlAnswer answer)
    {
        var reason = ReasonText.FromWire(answer.Reason);
        var detail = answer.Detail;
        if (reason == Reason.None)
        {
            reason = Server.Routes.TryInstall(answer.TunnelOpened.Lease, slot, isFromDevice: true, Server.Now, out detail);
            if (reason != Reason.None && answer.TunnelOpened.Lease is { } lease)
            {
                // The grain believes that the tunnel is open.
                Server.Reports.Add(new LeaseReport { LeaseId = lease.LeaseId, Reason = (uint)reason, FromDeviceSide = true });
            }
        }

        if (reason != Reason.None)
        {
            Server.Routes.EndSlot(slot, reason, detail, silent: this);
            Refuse(open.RequestId, reason, detail);
            return;
        }

        var opened = new Opened
        {
            RequestId = open.RequestId,
            TunnelId = answer.TunnelOpened.TunnelId,
            NodeId = answer.TunnelOpened.NodeId,
            IdleSeconds = answer.TunnelOpened.Lease.IdleSeconds,
        };
        lock (Lock)
        {
            _last = (slot, opened);
        }

        Connection.TrySend(FrameType.Opened, slot.Channel, opened);
        if (IsEnded)
        {
            // The session ended before the route was there to be ended with it.
            Server.Routes.EndSlot(slot, Reason.DeviceLost, "", silent: this);
        }
    }

    private bool TryTakeOpenLocked(out TimeSpan wait)
    {
        var now = Server.Now;
        var isTaken = _opens.TryTake(now);
        wait = isTaken ? TimeSpan.Zero : _opens.TimeUntil(now);
        return isTaken;
    }

    private void Refuse(uint requestId, Reason reason, string detail, TimeSpan wait = default)
    {
        Server.Metrics.Refused(reason);
        Connection.TrySend(FrameType.Refused, Channel.Session, new Refused
        {
            RequestId = requestId,
            Reason = (uint)reason,
            Detail = ReasonText.Cut(detail),
            RetryAfterMs = Math.Max(EdgeServer.RetryAfterMs(reason), (uint)Math.Ceiling(wait.TotalMilliseconds)),
        });
    }

    [LoggerMessage(1030, LogLevel.Error, "Opening a tunnel failed")]
    private static partial void LogOpenFault(ILogger logger, Exception exception);
}
