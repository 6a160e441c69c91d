using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>One use of a channel: made when the channel is allocated, gone when it is released.</summary>
internal sealed class ChannelSlot(Channel channel, ITunnelPeer owner)
{
    private Route? _route;

    public Channel Channel { get; } = channel;

    public ITunnelPeer Owner { get; } = owner;

    /// <summary>Where frames from this channel go; null before the tunnel is open. Read by the data path without a lock.</summary>
    public Route? Route
    {
        get => Volatile.Read(ref _route);
        set => Volatile.Write(ref _route, value);
    }

    /// <summary>The route whose frames come to this channel; guarded by the route table's lock.</summary>
    public Route? Incoming { get; set; }

    /// <summary>On a node's channel: its answer to OPEN, until the tunnel is open; the result is null for OPENED.</summary>
    public TaskCompletionSource<Refused?>? Offer { get; set; }
}
