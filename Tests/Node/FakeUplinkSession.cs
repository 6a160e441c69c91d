using System.Net;
using Google.Protobuf;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Tests.Node;

/// <summary>A session that keeps what the node sends.</summary>
internal sealed class FakeUplinkSession : IUplinkSession
{
    public List<(FrameType Type, Channel Channel, IMessage Body)> Sent { get; } = [];

    public Queue<(Channel Channel, byte[] Payload)> Datagrams { get; } = new();

    public EdgeId Edge { get; } = new("edge-1");

    public SessionId Id { get; } = new(1);

    public ulong Generation => 1;

    public IPEndPoint Remote { get; } = new(IPAddress.Loopback, 3101);

    public IPEndPoint Local { get; } = new(IPAddress.Loopback, 40_000);

    public string Suite => "TLS_AES_128_GCM_SHA256";

    public bool IsStream { get; set; }

    public bool TrySend(FrameType type, Channel channel, IMessage body)
    {
        Sent.Add((type, channel, body));
        return true;
    }

    public bool TrySendDatagram(Channel channel, ReadOnlySpan<byte> payload)
    {
        Datagrams.Enqueue((channel, payload.ToArray()));
        return true;
    }

    public int SendFrames(FrameBatch frames, bool mayWait)
    {
        var rest = frames.Frames;
        while (FrameBatch.TryTake(ref rest, out var header, out var payload))
        {
            Datagrams.Enqueue((header.Channel, payload.ToArray()));
        }

        return 0;
    }

    public void Close(Reason reason, string detail)
    {
    }
}
