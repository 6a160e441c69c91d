using System.Buffers;
using Google.Protobuf;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>A device's or node's session as the forwarding tables see it.</summary>
internal interface ITunnelPeer
{
    /// <summary>The session's channels.</summary>
    ChannelTable Channels { get; }

    /// <summary>Set before the session's routes are ended; nothing is installed for it afterwards.</summary>
    bool IsEnded { get; }

    /// <summary>Queues a control frame.</summary>
    bool TrySend(FrameType type, Channel channel, IMessage body);

    /// <summary>Which way datagrams go; the same object for the session's life.</summary>
    DataPath DataPath { get; }

    /// <summary>Queues a datagram for the TLS connection.</summary>
    /// <returns>Unspecified, or why it was dropped.</returns>
    DropReason SendDatagram(Channel channel, in ReadOnlySequence<byte> payload);

    /// <inheritdoc cref="SendDatagram(Channel, in ReadOnlySequence{byte})"/>
    DropReason SendDatagram(Channel channel, ReadOnlySpan<byte> payload);

    /// <summary>Waits until a channel has at most half queued of what it may have, or the session ends.</summary>
    Task WaitForRoomAsync(Channel channel);
}
