using OrleansUem.Protocol.Paths;

namespace OrleansUem.Edge.Paths;

/// <summary>Where a session's datagrams go over UDP. Never changed: a path that moves gets another one, so the data path reads it without a lock.</summary>
/// <param name="Listener">The sockets that the peer talks to.</param>
/// <param name="To">The peer's proven address.</param>
/// <param name="From">The own address that it sends to; null when the listener has only one.</param>
/// <param name="DatagramBytes">The largest datagram that was proven; a longer frame goes over TCP.</param>
internal sealed record PathTarget(UdpListener Listener, PathAddress To, PathAddress? From, int DatagramBytes);
