using System.Net;
using Google.Protobuf;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// One attached session. Sends belong to it: after its end they return false and never reach the next session, where the channel numbers mean
/// something else. Safe from any thread.
/// </summary>
public interface IUplinkSession
{
    /// <summary>The edge.</summary>
    EdgeId Edge { get; }

    /// <summary>The session's id on that edge.</summary>
    SessionId Id { get; }

    /// <summary>The attach generation.</summary>
    ulong Generation { get; }

    /// <summary>The edge's address.</summary>
    IPEndPoint Remote { get; }

    /// <summary>The own address of the connection.</summary>
    IPEndPoint Local { get; }

    /// <summary>TLS version and suite, for people.</summary>
    string Suite { get; }

    /// <summary>Whether datagrams go over the TLS connection now, and not over UDP.</summary>
    bool IsStream { get; }

    /// <summary>Sends a control frame; never blocks.</summary>
    /// <returns>False when the session is over; the frame is gone.</returns>
    bool TrySend(FrameType type, Channel channel, IMessage body);

    /// <summary>Sends a datagram; the payload is copied; never blocks.</summary>
    /// <returns>False when it was dropped and counted.</returns>
    bool TrySendDatagram(Channel channel, ReadOnlySpan<byte> payload);

    /// <summary>Sends a batch of datagram frames of this session's channels; they are copied or gone when it returns.</summary>
    /// <param name="frames">The frames.</param>
    /// <param name="mayWait">Whether to wait for room in the UDP socket, for a short and bounded time; else it never blocks.</param>
    /// <returns>How many were dropped, and counted here.</returns>
    int SendFrames(FrameBatch frames, bool mayWait);

    /// <summary>Ends the session; the uplink attaches again.</summary>
    void Close(Reason reason, string detail);
}
