using System.Buffers;
using System.Net;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// Takes what an uplink brings. Calls come one at a time and in order: <see cref="OnConnecting"/>, then <see cref="OnAttached"/> and frames, then
/// <see cref="OnDetached"/>, and again. They run on the connection's read loop or on the thread that receives its UDP, and must not block or throw.
/// </summary>
public interface IUplinkHandler
{
    /// <summary>An attempt begins at one address of a relay; a name may have several. It must be reachable outside of any tunnel from here on.</summary>
    void OnConnecting(RelayAddress relay, IPAddress address);

    /// <summary>The session is up; frames may be sent.</summary>
    void OnAttached(IUplinkSession session);

    /// <summary>
    /// A control frame of the session: OPEN and ENROL at a node, OPENED and REFUSED at a device, CLOSETUNNEL at both. Its payload is within
    /// its ranges; whether the channel exists is this side's to know, and a frame on a channel that is over is dropped, since it may have been under way.
    /// </summary>
    /// <returns><see cref="Reason.None"/> to go on; anything else ends the session with that reason.</returns>
    Reason OnControl(IUplinkSession session, FrameType type, Channel channel, IMessage body);

    /// <summary>A datagram on a channel; the payload is valid during the call. The data path: no allocation, no log.</summary>
    void OnDatagram(IUplinkSession session, Channel channel, in ReadOnlySequence<byte> payload);

    /// <summary>All datagrams that came together have been handed on: what was gathered from them goes out now.</summary>
    void OnBatchEnd(IUplinkSession session)
    {
    }

    /// <summary>The session's data goes another way from now on, or goes on over TCP since UDP does not get through.</summary>
    void OnPathChanged(IUplinkSession session, UplinkPathReport report)
    {
    }

    /// <summary>The edge drains; the uplink leaves it after <paramref name="after"/> and attaches again.</summary>
    void OnGoAway(IUplinkSession session, Reason reason, TimeSpan after);

    /// <summary>The session, or the attempt at one, is over.</summary>
    /// <param name="session">The session; null when the attempt failed.</param>
    /// <param name="end">Why.</param>
    /// <param name="retryIn">When the next attempt begins; null when there is none.</param>
    void OnDetached(IUplinkSession? session, UplinkEnd end, TimeSpan? retryIn);
}
