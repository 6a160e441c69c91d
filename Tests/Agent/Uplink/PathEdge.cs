using System.Net;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using OrleansUem.Transport.Datagrams;
using Xunit;

namespace OrleansUem.Tests.Agent.Uplink;

/// <summary>The edge's end of one UDP path on a real socket; a test makes it look at what came.</summary>
internal sealed class PathEdge : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = GC.AllocateArray<byte>(UdpBatchSocket.ReceiveBytes, pinned: true);
    private readonly byte[] _ack = new byte[PathLimits.DatagramBytesMax];
    private readonly DatagramWaiter _waiter = new();
    private readonly UdpBatchSocket _socket = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), new UdpSocketOptions());
    private readonly Queue<byte[]> _arrived = new();
    private ulong _tokens = 500;

    public PathEdge()
    {
        Offer = new UdpPath
        {
            Port = (uint)_socket.LocalEndPoint.Port,
            PathId = 77,
            Secret = Google.Protobuf.ByteString.CopyFrom(PathKeys.NewSecret()),
        };
        Keys = new PathKeys(Offer.Secret.Span);
        Validator = new PathValidator(Offer.PathId, Keys, () => ++_tokens);
    }

    public UdpPath Offer { get; }

    public PathKeys Keys { get; }

    public PathValidator Validator { get; }

    /// <summary>Where the last datagram came from.</summary>
    public PathAddress From { get; private set; }

    /// <summary>Takes the next datagram, which must be a probe, and answers it.</summary>
    public PathDatagram AnswerProbe()
    {
        var datagram = Next();
        var verdict = Validator.OnProbe(datagram, From, TimeSpan.Zero, _ack);
        Assert.Equal(DropReason.Unspecified, verdict.Drop);
        Assert.True(PathDatagram.TryRead(datagram, out var probe));
        Send(_ack.AsSpan(0, probe.Bytes).ToArray());
        return probe;
    }

    /// <summary>Takes the next probe and stays silent.</summary>
    public PathDatagram SwallowProbe()
    {
        Assert.True(PathDatagram.TryRead(Next(), out var probe));
        return probe;
    }

    public (Channel Channel, byte[] Payload) NextFrame()
    {
        var datagram = Next();
        Assert.True(DatagramFrame.TryRead(datagram, out var channel), Convert.ToHexString(datagram));
        return (channel, datagram[FrameLimits.HeaderBytes..]);
    }

    public void Send(byte[] datagram) => _socket.Send(datagram, [new BufferSlice(0, datagram.Length)], datagram.Length, From, from: null);

    public void SendFrames(Channel channel, params byte[][] payloads)
    {
        var batch = new FrameBatch();
        foreach (var payload in payloads)
        {
            Assert.True(batch.TryAdd(channel, payload));
        }

        var runs = new FrameRuns(batch.Frames);
        while (runs.MoveNext())
        {
            _socket.Send(runs.Run, [new BufferSlice(0, runs.Run.Length)], runs.SegmentBytes, From, from: null);
        }
    }

    public bool IsSilent => _arrived.Count == 0 && _socket.TryReceive(_buffer, out _) == ReceiveOutcome.Empty;

    public void Dispose()
    {
        _socket.Dispose();
        _waiter.Dispose();
    }

    private byte[] Next()
    {
        while (_arrived.Count == 0)
        {
            Assert.True(_waiter.Wait([_socket], Limit) != 0, "Nothing came over UDP.");
            while (_socket.TryReceive(_buffer, out var received) == ReceiveOutcome.Received)
            {
                From = received.From;
                foreach (var datagram in _buffer[..received.Bytes].Chunk(received.SegmentBytes))
                {
                    _arrived.Enqueue(datagram);
                }
            }
        }

        return _arrived.Dequeue();
    }
}
