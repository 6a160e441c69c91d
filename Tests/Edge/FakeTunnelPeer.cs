using System.Buffers;
using Google.Protobuf;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Tests.Edge;

/// <summary>A session that keeps what is sent to it.</summary>
internal sealed class FakeTunnelPeer(int maxChannels = 1_000) : ITunnelPeer
{
    public ChannelTable Channels { get; } = new(maxChannels);

    public bool IsEnded { get; set; }

    public List<(FrameType Type, Channel Channel, IMessage Body)> Sent { get; } = [];

    public List<Channel> Datagrams { get; } = [];

    public bool KeepsDatagrams { get; init; } = true;

    public DropReason Drop { get; set; }

    public IEnumerable<Reason> Closes => Sent.Where(sent => sent.Type == FrameType.CloseTunnel)
        .Select(sent => ReasonText.FromWire(((CloseTunnel)sent.Body).Reason));

    public bool TrySend(FrameType type, Channel channel, IMessage body)
    {
        Sent.Add((type, channel, body));
        return true;
    }

    public DataPath DataPath { get; } = new();

    public DropReason SendDatagram(Channel channel, in ReadOnlySequence<byte> payload) => SendDatagram(channel);

    public DropReason SendDatagram(Channel channel, ReadOnlySpan<byte> payload) => SendDatagram(channel);

    public Task WaitForRoomAsync(Channel channel) => Task.CompletedTask;

    private DropReason SendDatagram(Channel channel)
    {
        if (Drop == DropReason.Unspecified && KeepsDatagrams)
        {
            Datagrams.Add(channel);
        }

        return Drop;
    }
}
