using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

/// <summary>A connection on in-memory pipes and a virtual clock; the far end is bytes written by hand.</summary>
public sealed class FrameConnectionTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly RecordingFrames _frames = new();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(1_000)]
    public async Task Read_AnySplit_GivesTheSameFrames(int chunkBytes)
    {
        var pipes = new PipePair();
        var running = Run(pipes, new FrameConnectionOptions());
        var bytes = Frame(FrameType.Open, 0, 5).Concat(Frame(FrameType.Datagram, 3, 0)).Concat(Frame(FrameType.Datagram, 4, 2_000)).ToArray();

        foreach (var chunk in bytes.Chunk(chunkBytes))
        {
            await pipes.Right.Output.WriteAsync(chunk);
        }

        Assert.Equal(5, (await _frames.NextAsync("the first frame")).Payload.Length);
        Assert.Equal(3U, (await _frames.NextAsync("the second frame")).Channel.Value);
        Assert.Equal(2_000, (await _frames.NextAsync("the third frame")).Payload.Length);
        await pipes.Right.Output.CompleteAsync();
        Assert.Equal((Reason.ConnectionLost, true), await EndOf(running));
    }

    [Theory]
    [InlineData(FrameType.Datagram, 1U, 101, Reason.FrameTooLong)]
    [InlineData(FrameType.Ping, 0U, 7, Reason.MalformedFrame)]
    [InlineData(FrameType.Ping, 1U, 8, Reason.UnexpectedFrame)]
    [InlineData(FrameType.Close, 1U, 0, Reason.UnexpectedFrame)]
    [InlineData(FrameType.Close, 0U, 3, Reason.MalformedFrame)]
    [InlineData(FrameType.Unspecified, 0U, 0, Reason.MalformedFrame)]
    [InlineData((FrameType)0x7F, 0U, 0, Reason.UnknownFrame)]
    public async Task Read_Faulty_ClosesWithReason(FrameType type, uint channel, int payloadBytes, Reason expected)
    {
        var pipes = new PipePair();
        var running = Run(pipes, new FrameConnectionOptions { MaxPayloadBytes = 100 });

        await pipes.Right.Output.WriteAsync(Frame(type, channel, payloadBytes));

        Assert.Equal(expected, (await ReadCloseAsync(pipes.Right.Input)).Reason is var reason ? ReasonText.FromWire(reason) : default);
        await pipes.Right.Output.CompleteAsync();
        Assert.Equal((expected, false), await EndOf(running));
    }

    [Fact]
    public async Task Read_Ping_IsAnsweredWithItsBytes()
    {
        var pipes = new PipePair();
        var running = Run(pipes, new FrameConnectionOptions());
        var ping = Frame(FrameType.Ping, 0, 8);

        await pipes.Right.Output.WriteAsync(ping);

        var pong = await ReadFrameAsync(pipes.Right.Input);
        Assert.Equal(FrameType.Pong, pong.Type);
        Assert.Equal(ping[8..], pong.Payload);
        await pipes.Right.Output.CompleteAsync();
        await EndOf(running);
    }

    /// <summary>A minute's worth at once, then one a second; a peer that asks at any interval there is stays below.</summary>
    [Fact]
    public async Task Read_MorePingsThanAnyIntervalAsksFor_EndsTheConnection()
    {
        var pipes = new PipePair();
        var running = Run(pipes, new FrameConnectionOptions());
        for (var i = 0; i < 61; i++)
        {
            if (i == 60)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            await pipes.Right.Output.WriteAsync(Frame(FrameType.Ping, 0, 8));
            Assert.Equal(FrameType.Pong, (await ReadFrameAsync(pipes.Right.Input)).Type);
        }

        await pipes.Right.Output.WriteAsync(Frame(FrameType.Ping, 0, 8));

        Assert.Equal((uint)Reason.PingFlood, (await ReadCloseAsync(pipes.Right.Input)).Reason);
        await pipes.Right.Output.CompleteAsync();
        Assert.Equal((Reason.PingFlood, false), await EndOf(running));
    }

    [Fact]
    public async Task KeepAlive_SilentPeer_PingsThenEndsAfterThreeIntervals()
    {
        var pipes = new PipePair();
        var running = Run(pipes, new FrameConnectionOptions { SendsPings = true, KeepAliveInterval = TimeSpan.FromSeconds(10) });

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(FrameType.Ping, (await ReadFrameAsync(pipes.Right.Input)).Type);
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(FrameType.Ping, (await ReadFrameAsync(pipes.Right.Input)).Type);
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((uint)Reason.KeepAliveTimeout, (await ReadCloseAsync(pipes.Right.Input)).Reason);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((Reason.KeepAliveTimeout, false), await EndOf(running));
    }

    /// <summary>A peer that is held back by the place where its frames go, for however long, has not gone silent.</summary>
    [Fact]
    public async Task KeepAlive_PeerThatIsHeldBack_GoesOn()
    {
        var pipes = new PipePair();
        var handler = new HoldingHandler();
        var running = Connect(pipes, new FrameConnectionOptions { KeepAliveInterval = TimeSpan.FromSeconds(10) }).RunAsync(handler, CancellationToken.None);
        await pipes.Right.Output.WriteAsync(Frame(FrameType.Open, 0, 0));
        await handler.IsHolding.Task.WithinAsync("the pause");

        _time.Advance(TimeSpan.FromMinutes(5));
        handler.Room.SetResult();
        await pipes.Right.Output.WriteAsync(Frame(FrameType.Ping, 0, 8));

        Assert.Equal(FrameType.Pong, (await ReadFrameAsync(pipes.Right.Input)).Type);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((uint)Reason.KeepAliveTimeout, (await ReadCloseAsync(pipes.Right.Input)).Reason);
        await pipes.Right.Output.CompleteAsync();
        await EndOf(running);
    }

    [Fact]
    public async Task KeepAlive_PeerThatIsHeard_GoesOn()
    {
        var pipes = new PipePair();
        var running = Run(pipes, new FrameConnectionOptions { KeepAliveInterval = TimeSpan.FromSeconds(10) });
        for (var i = 0; i < 4; i++)
        {
            await pipes.Right.Output.WriteAsync(Frame(FrameType.Ping, 0, 8));
            Assert.Equal(FrameType.Pong, (await ReadFrameAsync(pipes.Right.Input)).Type);
            _time.Advance(TimeSpan.FromSeconds(20));
        }

        Assert.False(running.IsCompleted);
        await pipes.Right.Output.CompleteAsync();
        Assert.Equal((Reason.ConnectionLost, true), await EndOf(running));
    }

    [Fact]
    public async Task Close_FramesThatWait_ComeBeforeClose_AndDatagramsDoNot()
    {
        var pipes = new PipePair();
        var connection = Connect(pipes, new FrameConnectionOptions());
        connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 1 });
        connection.TrySendDatagram(Channel.Create(1, 0), new byte[10]);
        connection.Close(Reason.Draining, new string('x', FrameLimits.MaxDetailCharacters + 1));
        connection.Close(Reason.InternalError);
        Assert.False(connection.TrySend(FrameType.Open, Channel.Session, new Open()));

        var running = connection.RunAsync(_frames, CancellationToken.None);

        Assert.Equal(FrameType.Open, (await ReadFrameAsync(pipes.Right.Input)).Type);
        var close = await ReadCloseAsync(pipes.Right.Input);
        Assert.Equal(((uint)Reason.Draining, FrameLimits.MaxDetailCharacters), (close.Reason, close.Detail.Length));
        Assert.True((await pipes.Right.Input.ReadAsync()).IsCompleted);
        Assert.False(running.IsCompleted);
        await pipes.Right.Output.CompleteAsync();
        Assert.Equal((Reason.Draining, false), await EndOf(running));
        Assert.Equal(1, connection.Drops(DropReason.PeerGone));
    }

    [Fact]
    public async Task Close_PeerThatDoesNotHangUp_EndsAfterTheCloseLimit()
    {
        var pipes = new PipePair();
        var connection = Connect(pipes, new FrameConnectionOptions { CloseTimeout = TimeSpan.FromSeconds(2) });
        var running = connection.RunAsync(_frames, CancellationToken.None);
        connection.Close(Reason.Draining);
        await ReadCloseAsync(pipes.Right.Input);

        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal((Reason.Draining, false), await EndOf(running));
    }

    [Fact]
    public async Task SlowReader_DatagramsAreDroppedByName_ControlEndsTheConnection()
    {
        // The far end reads nothing: the pipe takes 4 KB, then the write loop waits.
        var pipes = new PipePair(bufferBytes: 4_096);
        var limits = new SendQueueLimits { ChannelBytes = 20_000, TotalBytes = 20_000, ControlBytes = 20_000 };
        var connection = Connect(pipes, new FrameConnectionOptions { Queue = limits });
        var running = connection.RunAsync(_frames, CancellationToken.None);
        var sent = 0;
        while (connection.TrySendDatagram(Channel.Create(1, 0), new byte[1_000]))
        {
            Assert.InRange(++sent, 1, 200);
        }

        Assert.Equal(1, connection.Drops(DropReason.QueueFull));
        sent = 0;
        while (connection.TrySend(FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer { Answer = ByteString.CopyFrom(new byte[5_000]) }))
        {
            Assert.InRange(++sent, 1, 20);
        }

        Assert.Equal(Reason.SlowReader, connection.End!.Reason);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((Reason.SlowReader, false), await EndOf(running));
    }

    [Fact]
    public async Task SlowReader_StuckWrite_EndsAfterThreeIntervalsThoughThePeerSends()
    {
        var pipes = new PipePair(bufferBytes: 1_024);
        var connection = Connect(pipes, new FrameConnectionOptions { KeepAliveInterval = TimeSpan.FromSeconds(10) });
        var running = connection.RunAsync(_frames, CancellationToken.None);
        connection.TrySendDatagram(Channel.Create(1, 0), new byte[8_000]);
        for (var i = 0; i < 4; i++)
        {
            await pipes.Right.Output.WriteAsync(Frame(FrameType.Datagram, 1, 8));
            await _frames.NextAsync("the peer's datagram");
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal((Reason.SlowReader, false), await EndOf(running));
    }

    [Fact]
    public async Task Handler_ThatThrows_EndsThisConnectionWithInternalError()
    {
        var pipes = new PipePair();
        var connection = Connect(pipes, new FrameConnectionOptions());
        var running = connection.RunAsync(
            new RecordingFrames { OnReceived = _ => throw new InvalidOperationException("a bug") }, CancellationToken.None);

        await pipes.Right.Output.WriteAsync(Frame(FrameType.Open, 0, 0));

        Assert.Equal((uint)Reason.InternalError, (await ReadCloseAsync(pipes.Right.Input)).Reason);
        Assert.Equal((Reason.InternalError, false), await EndOf(running));
    }

    [Fact]
    public async Task Cancellation_ClosesWithDraining()
    {
        var pipes = new PipePair();
        using var stop = new CancellationTokenSource();
        var running = Connect(pipes, new FrameConnectionOptions()).RunAsync(_frames, stop.Token);

        await stop.CancelAsync();

        Assert.Equal((uint)Reason.Draining, (await ReadCloseAsync(pipes.Right.Input)).Reason);
        await pipes.Right.Output.CompleteAsync();
        Assert.Equal((Reason.Draining, false), await EndOf(running));
    }

    [Fact]
    public async Task Write_FramesOfOneBatch_ShareAWrite()
    {
        var pipes = new PipePair();
        var connection = Connect(pipes, new FrameConnectionOptions());
        for (var i = 0; i < 11; i++)
        {
            connection.TrySendDatagram(Channel.Create(1, 0), new byte[1_400]);
        }

        var running = connection.RunAsync(_frames, CancellationToken.None);
        for (var i = 0; i < 11; i++)
        {
            await ReadFrameAsync(pipes.Right.Input);
        }

        Assert.Equal((11L, 1L), (connection.FramesSent, connection.Writes));
        await pipes.Right.Output.CompleteAsync();
        await EndOf(running);
    }

    private sealed class HoldingHandler : IFrameHandler
    {
        public TaskCompletionSource IsHolding { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Room { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload) => Reason.None;

        public Task PauseAsync()
        {
            IsHolding.TrySetResult();
            return Room.Task;
        }
    }

    private static byte[] Frame(FrameType type, uint channel, int payloadBytes)
    {
        var frame = new byte[FrameLimits.HeaderBytes + payloadBytes];
        frame.AsSpan().Fill(0xFF);
        new FrameHeader(type, FrameFlags.None, payloadBytes, new Channel(channel)).Write(frame);
        return frame;
    }

    private static async Task<ReceivedFrame> ReadFrameAsync(PipeReader reader)
    {
        while (true)
        {
            var result = await reader.ReadAsync().AsTask().WithinAsync("a frame of the connection");
            var buffer = result.Buffer;
            if (FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out var header, out var payload) == FrameReadResult.Frame)
            {
                var frame = new ReceivedFrame(header.Type, header.Channel, System.Buffers.BuffersExtensions.ToArray(payload));
                reader.AdvanceTo(buffer.Start);
                return frame;
            }

            Assert.False(result.IsCompleted, "The connection ended instead of sending a frame.");
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private static async Task<Close> ReadCloseAsync(PipeReader reader)
    {
        var frame = await ReadFrameAsync(reader);
        Assert.Equal(FrameType.Close, frame.Type);
        return Close.Parser.ParseFrom(frame.Payload);
    }

    private static async Task<(Reason Reason, bool IsByPeer)> EndOf(Task<ConnectionEnd> running)
    {
        var end = await running.WithinAsync("the connection's end");
        return (end.Reason, end.IsByPeer);
    }

    private FrameConnection Connect(PipePair pipes, FrameConnectionOptions options) => new(new DuplexPipeStream(pipes.Left), options, _time, NullLogger.Instance);

    private Task<ConnectionEnd> Run(PipePair pipes, FrameConnectionOptions options) =>
        Connect(pipes, options).RunAsync(_frames, CancellationToken.None);
}
