using System.Net;
using Google.Protobuf;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>A session whose frames arrive at the far end at once; allocates nothing for them.</summary>
internal sealed class TunnelSession(SecureTunnel farEnd) : IUplinkSession
{
    public EdgeId Edge => new("edge-1");

    public SessionId Id => new(1);

    public ulong Generation => 1;

    public IPEndPoint Remote { get; } = new(IPAddress.Loopback, 443);

    public IPEndPoint Local { get; } = new(IPAddress.Loopback, 40_000);

    public string Suite => "TLS 1.3";

    public bool IsStream { get; set; }

    /// <summary>Frames so far.</summary>
    public int Frames { get; private set; }

    /// <summary>The longest payload so far.</summary>
    public int LongestBytes { get; private set; }

    public bool TrySend(FrameType type, Channel channel, IMessage body) => true;

    public bool TrySendDatagram(Channel channel, ReadOnlySpan<byte> payload)
    {
        Frames++;
        LongestBytes = Math.Max(LongestBytes, payload.Length);
        farEnd.OnDatagram(payload);
        return true;
    }

    public int SendFrames(FrameBatch frames, bool mayWait)
    {
        var rest = frames.Frames;
        while (FrameBatch.TryTake(ref rest, out var header, out var payload))
        {
            TrySendDatagram(header.Channel, payload);
        }

        return 0;
    }

    public void Close(Reason reason, string detail)
    {
    }
}
