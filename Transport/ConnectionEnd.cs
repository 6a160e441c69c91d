using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>Why a connection ended. The first cause counts.</summary>
/// <param name="Reason">The reason: ours, or the one in the peer's CLOSE; ConnectionLost when the stream broke without CLOSE.</param>
/// <param name="Detail">Text for people; empty when there is none.</param>
/// <param name="IsByPeer">Whether the peer closed, with or without CLOSE.</param>
/// <param name="PeerClose">The peer's CLOSE with its retry time and clock; null when it sent none.</param>
public sealed record ConnectionEnd(Reason Reason, string Detail, bool IsByPeer, Close? PeerClose = null);
