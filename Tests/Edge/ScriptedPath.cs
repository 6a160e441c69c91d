using System.Net;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using OrleansUem.Transport.Datagrams;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>The UDP side of a <see cref="ScriptedPeer"/>, whose datagrams a test writes by hand. A second one with the same offer is the same peer at another address.</summary>
internal sealed class ScriptedPath : IDisposable
{
    public const int DatagramBytes = 1_444;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = GC.AllocateArray<byte>(UdpBatchSocket.ReceiveBytes, pinned: true);
    private readonly DatagramWaiter _waiter = new();
    private readonly Queue<byte[]> _arrived = new();
    private readonly UdpPath _offer;
    private readonly PathKeys _keys;

    public ScriptedPath(UdpPath offer, string host = "127.0.0.1")
    {
        _offer = offer;
        _keys = new PathKeys(offer.Secret.Span);
        Remote = new IPEndPoint(IPAddress.Parse(host), (int)offer.Port);
        Socket = UdpBatchSocket.Connect(Remote, new UdpSocketOptions());
    }

    public IPEndPoint Remote { get; }

    public UdpBatchSocket Socket { get; }

    public ulong Token { get; private set; }

    /// <summary>A path that the edge uses.</summary>
    public static ScriptedPath Prove(ScriptedPeer peer)
    {
        var path = new ScriptedPath(peer.Attached.Udp);
        path.Prove(1);
        return path;
    }

    /// <summary>Two probes: the second brings the token back.</summary>
    public void Prove(ulong counter)
    {
        for (var i = 0UL; i < 2; i++)
        {
            SendProbe(counter + i);
            var ack = NextAck();
            Assert.Equal((counter + i, DatagramBytes), (ack.Counter, ack.Bytes));
            Token = ack.Token;
        }
    }

    /// <param name="from">Another path's socket: its source address is forged.</param>
    public void SendProbe(ulong counter, int bytes = DatagramBytes, Action<byte[]>? change = null, ulong? token = null, UdpBatchSocket? from = null)
    {
        var probe = new byte[bytes];
        new PathDatagram(PathDatagramType.Probe, bytes, _offer.PathId, counter, token ?? Token).Write(probe, _keys.Probe);
        change?.Invoke(probe);
        Assert.Equal(1, (from ?? Socket).Send(probe, probe.Length).Sent);
    }

    /// <summary>Sends frames, runs of equal ones with one call.</summary>
    public void Send(Channel channel, params IEnumerable<byte[]> payloads)
    {
        var batch = new FrameBatch();
        foreach (var payload in payloads)
        {
            if (!batch.HasRoom(payload.Length))
            {
                Flush(batch);
            }

            Assert.True(batch.TryAdd(channel, payload));
        }

        Flush(batch);
    }

    public void SendRaw(byte[] datagram) => Socket.Send(datagram, datagram.Length);

    public PathDatagram NextAck()
    {
        var datagram = Next();
        Assert.True(PathDatagram.TryRead(datagram, out var ack));
        Assert.Equal((PathDatagramType.Ack, _offer.PathId), (ack.Type, ack.PathId));
        Assert.True(PathDatagram.IsAuthentic(datagram, _keys.Ack));
        return ack;
    }

    /// <summary>Whether the next datagram is an ack of another path.</summary>
    public bool TakesForeignAck() => PathDatagram.TryRead(Next(), out var ack) && ack.Type == PathDatagramType.Ack && ack.PathId != _offer.PathId;

    public (Channel Channel, byte[] Payload) NextFrame()
    {
        var datagram = Next();
        Assert.True(DatagramFrame.TryRead(datagram, out var channel), Convert.ToHexString(datagram));
        return (channel, datagram[FrameLimits.HeaderBytes..]);
    }

    /// <summary>Whether nothing has come. Ask it after something that came later by another way.</summary>
    public bool IsSilent => _arrived.Count == 0 && Socket.TryReceive(_buffer, out _) == ReceiveOutcome.Empty;

    public void Dispose()
    {
        Socket.Dispose();
        _waiter.Dispose();
    }

    private void Flush(FrameBatch batch)
    {
        var runs = new FrameRuns(batch.Frames);
        while (runs.MoveNext())
        {
            Assert.Equal(runs.Count, Socket.Send(runs.Run, runs.SegmentBytes).Sent);
        }

        batch.Clear();
    }

    private byte[] Next()
    {
        while (_arrived.Count == 0)
        {
            Assert.True(_waiter.Wait([Socket], Limit) != 0, "Nothing came over UDP.");
            while (Socket.TryReceive(_buffer, out var received) == ReceiveOutcome.Received)
            {
                foreach (var datagram in _buffer[..received.Bytes].Chunk(Math.Max(1, received.SegmentBytes)))
                {
                    _arrived.Enqueue(datagram);
                }
            }
        }

        return _arrived.Dequeue();
    }
}
