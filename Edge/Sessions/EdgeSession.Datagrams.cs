using System.Buffers;
using System.Security.Cryptography;
using Google.Protobuf;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <content>The data path: frames of this session go to the far ends of its routes, whichever way they came and whichever way the far end takes them.</content>
internal abstract partial class EdgeSession
{
    private readonly UdpListener? _udp;
    private SessionPath? _path;

    /// <summary>The route that the last frame from TCP to TCP took; of the read loop.</summary>
    protected Forwarding.Route? LastQueued { get; private set; }

    public DataPath DataPath { get; } = new();

    public DropReason SendDatagram(Channel channel, in ReadOnlySequence<byte> payload) => Connection.SendDatagram(channel, payload);

    public DropReason SendDatagram(Channel channel, ReadOnlySpan<byte> payload) => Connection.SendDatagram(channel, payload);

    public Task WaitForRoomAsync(Channel channel) => Connection.WaitForRoomAsync(channel);

    public void OnReadEnd() => DatagramOutbox.FlushThread();

    /// <summary>
    /// A device that sends over TCP faster than its node's connection takes it is held back by its own connection, and its apps by theirs. A node is not: it would hold up all its devices for one.
    /// </summary>
    public virtual Task PauseAsync() => Task.CompletedTask;

    /// <summary>
    /// Reads what forwarding a run's frames will read, and forwards nothing. With thousands of tunnels a frame's route is in no cache; here the look-ups of different frames wait for memory at the same time,
    /// between two sends each would wait alone.
    /// </summary>
    /// <param name="run">Datagrams back to back; any bytes.</param>
    /// <param name="segmentBytes">Size of each but the last.</param>
    public void LookAhead(ReadOnlySpan<byte> run, int segmentBytes)
    {
        var last = Channel.Session;
        for (var rest = run; rest.Length >= FrameLimits.HeaderBytes; rest = rest[Math.Min(segmentBytes, rest.Length)..])
        {
            var channel = FrameHeader.Read(rest).Channel;
            if (channel != last)
            {
                last = channel;
                Channels.Find(channel, out _)?.Route?.Touch();
            }
        }
    }

    /// <summary>A datagram came from the session's address over UDP; on a receive thread.</summary>
    /// <param name="outbox">The thread's.</param>
    /// <param name="datagram">Any bytes.</param>
    /// <param name="offset">Where they lie in the outbox.</param>
    public void OnDatagram(DatagramOutbox outbox, ReadOnlySpan<byte> datagram, int offset)
    {
        if (!DatagramFrame.TryRead(datagram, out var channel))
        {
            _counters.Dropped(DropReason.MalformedDatagram);
            return;
        }

        var payload = datagram[FrameLimits.HeaderBytes..];
        if (Admit(channel, payload.Length) is not { } route)
        {
            return;
        }

        Server.Audit?.Write(Id, channel, payload);
        if (route.TargetOf(payload.Length) is { } target)
        {
            outbox.Add(target, route, _counters, offset, datagram.Length);
        }
        else
        {
            Count(route.Send(payload), payload.Length);
        }
    }

    /// <summary>The path that data takes is another one now.</summary>
    internal void OnPathChanged() => LogPath(Server.Logger, Id, DataPath.Target is null ? "TCP" : "UDP");

    // A datagram came over TCP; on the read loop.
    private void Forward(Channel channel, in ReadOnlySequence<byte> payload)
    {
        if (Admit(channel, payload.Length) is not { } route)
        {
            return;
        }

        Server.Audit?.Write(Id, channel, payload);
        if (route.TargetOf(payload.Length) is { } target)
        {
            DatagramOutbox.OfThread.AddCopy(target, route, _counters, payload);
        }
        else
        {
            Count(route.Send(payload), payload.Length);
            LastQueued = route;
        }
    }

    private Forwarding.Route? Admit(Channel channel, long payloadBytes)
    {
        var slot = Channels.Find(channel, out var drop);
        if (slot is not null)
        {
            if (slot.Route is { } route)
            {
                drop = route.Admit(payloadBytes);
                if (drop == DropReason.Unspecified)
                {
                    return route;
                }
            }
            else
            {
                drop = DropReason.NoRoute;
            }
        }

        _counters.Dropped(drop);
        return null;
    }

    private void Count(DropReason drop, long payloadBytes)
    {
        if (drop == DropReason.Unspecified)
        {
            _counters.Forwarded(1, payloadBytes);
        }
        else
        {
            _counters.Dropped(drop);
        }
    }

    private UdpPath? OfferPath()
    {
        if (_udp is null)
        {
            return null;
        }

        var secret = PathKeys.NewSecret();
        _path = Server.Paths.Add(this, secret);
        var udpPort = _udp.LocalEndPoint.Port;
        var offer = new UdpPath
        {
            // No number where the two are the same: what the peer dialled may be another one that leads here.
            Port = udpPort == _tls.LocalEndPoint.Port ? 0 : (uint)udpPort,
            PathId = _path.Id,
            Secret = ByteString.CopyFrom(secret),
        };
        CryptographicOperations.ZeroMemory(secret);
        return offer;
    }

    private Reason OnPathLeft(in ReadOnlySequence<byte> payload)
    {
        var left = PathLeft.Parser.ParseFrom(payload);
        _path?.OnLeft(left.Counter);
        return Reason.None;
    }

    private void EndPath()
    {
        if (_path is { } path)
        {
            Server.Paths.Remove(path);
        }
    }
}
