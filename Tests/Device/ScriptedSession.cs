using System.Net;
using Google.Protobuf;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Tests.Device;

/// <summary>A session that keeps what is sent.</summary>
internal sealed class ScriptedSession(ulong generation) : IUplinkSession
{
    public EdgeId Edge => new("edge-1");

    public SessionId Id => new(generation);

    public ulong Generation => generation;

    public IPEndPoint Remote => new(IPAddress.Parse("192.0.2.1"), 443);

    public IPEndPoint Local => new(IPAddress.Parse("192.0.2.9"), 50_000);

    public string Suite => "TLS 1.3";

    public bool IsStream { get; set; }

    public List<(FrameType Type, Channel Channel, IMessage Body)> Sent { get; } = [];

    public IEnumerable<Open> Opens => Sent.Select(frame => frame.Body).OfType<Open>();

    public bool TrySend(FrameType type, Channel channel, IMessage body)
    {
        Sent.Add((type, channel, body));
        return true;
    }

    public bool TrySendDatagram(Channel channel, ReadOnlySpan<byte> payload) => true;

    public int SendFrames(FrameBatch frames, bool mayWait) => 0;

    public void Close(Reason reason, string detail)
    {
    }
}
