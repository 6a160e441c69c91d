using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class SendQueueTests
{
    private static readonly SendQueueLimits Limits = new() { ChannelBytes = 20_000, TotalBytes = 40_000, ControlBytes = 20_000 };

    private readonly SendQueue _queue = new(Limits);

    [Fact]
    public void Take_ControlAndDatagrams_ControlFirstInOrder()
    {
        Add(1, 100);
        Assert.True(_queue.TryAddControl(Control(FrameType.Attach)));
        Assert.True(_queue.TryAddControl(Control(FrameType.Open)));

        Assert.Equal([FrameType.Attach, FrameType.Open, FrameType.Datagram], TakeAll().Select(header => header.Type));
    }

    [Fact]
    public async Task WaitForRoom_OfAFullChannel_EndsWhenHalfOfItIsSent()
    {
        var channel = Channel.Create(1, 0);
        var frames = 0;
        while (_queue.AddDatagram(channel, new byte[992], isAddedAgain: true) == DropReason.Unspecified)
        {
            frames++;
        }

        Assert.Equal(20, frames);
        Assert.Equal(0, _queue.Drops(DropReason.QueueFull));
        var waiting = Task.Run(() => _queue.WaitForRoom(channel, TimeSpan.FromMinutes(1)));
        for (; frames > 11; frames--)
        {
            Take();
            Assert.False(waiting.IsCompleted);
        }

        Take();
        Assert.True(await waiting.WithinAsync("half is sent"));
        Assert.Equal(DropReason.Unspecified, _queue.AddDatagram(channel, new byte[992]));
        Assert.False(_queue.WaitForRoom(channel, TimeSpan.Zero), "It is above its half again.");

        void Take()
        {
            var batch = new QueuedFrame[1];
            Assert.Equal(1, _queue.Take(batch, 1_000, out _, out _, out _));
            SendQueue.Recycle(batch[0]);
        }
    }

    [Fact]
    public async Task WaitForRoom_OfAQueueThatIsClosed_Ends()
    {
        var channel = Channel.Create(1, 0);
        while (_queue.AddDatagram(channel, new byte[992], isAddedAgain: true) == DropReason.Unspecified)
        {
        }

        var waiting = Task.Run(() => _queue.WaitForRoom(channel, TimeSpan.FromMinutes(1)));
        _queue.Close(last: null);
        await waiting.WithinAsync("the queue is closed");
        Assert.False(_queue.WaitForRoom(channel, TimeSpan.FromMinutes(1)));
        Assert.Equal(DropReason.PeerGone, _queue.AddDatagram(channel, new byte[992], isAddedAgain: true));
    }

    [Fact]
    public void Take_OneBusyAndOneQuietChannel_QuietOneWaitsForOneTurnOnly()
    {
        for (var i = 0; i < 12; i++)
        {
            Add(1, 1_400);
        }

        Add(2, 100);

        var order = TakeAll().Select(header => header.Channel.Index).ToList();
        Assert.InRange(order.IndexOf(2), 1, 2);
    }

    [Fact]
    public void Take_SmallAndLargeFrames_ChannelsGetEqualBytes()
    {
        var queue = new SendQueue(new SendQueueLimits { ChannelBytes = 1_000_000, TotalBytes = 4_000_000 });
        for (var i = 0; i < 600; i++)
        {
            Assert.Equal(DropReason.Unspecified, queue.AddDatagram(Channel.Create(1, 0), new byte[1_400]));
            Assert.Equal(DropReason.Unspecified, queue.AddDatagram(Channel.Create(2, 0), new byte[200]));
            Assert.Equal(DropReason.Unspecified, queue.AddDatagram(Channel.Create(2, 0), new byte[200]));
        }

        var bytes = new long[3];
        var batch = new QueuedFrame[64];
        for (var writes = 0; writes < 20; writes++)
        {
            var count = queue.Take(batch, 16_384, out _, out _, out _);
            foreach (var frame in batch.AsSpan(0, count))
            {
                bytes[FrameHeader.Read(frame.Buffer).Channel.Index] += frame.LengthBytes;
                SendQueue.Recycle(frame);
            }
        }

        Assert.InRange(bytes[1] - bytes[2], -2 * SendQueue.QuantumBytes, 2 * SendQueue.QuantumBytes);
    }

    [Fact]
    public void AddDatagram_ChannelFull_IsQueueFullAndOthersGoOn()
    {
        var accepted = 0;
        while (_queue.AddDatagram(Channel.Create(1, 0), new byte[992]) == DropReason.Unspecified)
        {
            accepted++;
        }

        Assert.Equal(20, accepted);
        Assert.Equal(1, _queue.Drops(DropReason.QueueFull));
        Add(2, 992);
    }

    [Fact]
    public void AddDatagram_TotalFull_IsQueueFullForEveryChannel()
    {
        for (var i = 0; i < 40; i++)
        {
            Add(1 + (i / 20), 992);
        }

        Assert.Equal(DropReason.QueueFull, _queue.AddDatagram(Channel.Create(3, 0), new byte[1]));
        Assert.Equal(40_000, _queue.DatagramBytes);
    }

    [Fact]
    public void AddDatagram_EmptyOnes_CountAsWhatTheyOccupy()
    {
        var accepted = 0;
        while (_queue.AddDatagram(Channel.Create(1, 0), []) == DropReason.Unspecified)
        {
            accepted++;
        }

        Assert.Equal(Limits.ChannelBytes / SendQueue.MinFrameCost, accepted);
    }

    [Theory]
    [InlineData(FrameLimits.MaxPayloadBytes, DropReason.Unspecified)]
    [InlineData(FrameLimits.MaxPayloadBytes + 1, DropReason.Oversize)]
    public void AddDatagram_AtTheLengthLimit(int bytes, DropReason expected)
    {
        Assert.Equal(expected, _queue.AddDatagram(Channel.Create(1, 0), new byte[bytes]));
        Assert.Equal(expected == DropReason.Unspecified ? 0 : 1, _queue.Drops(DropReason.Oversize));
    }

    [Fact]
    public void Take_FrameLongerThanAWrite_GoesAlone()
    {
        Add(1, FrameLimits.MaxPayloadBytes);
        Add(1, 10);
        var batch = new QueuedFrame[8];

        Assert.Equal(1, _queue.Take(batch, 16_384, out var bytes, out _, out _));
        Assert.Equal(FrameLimits.MaxPayloadBytes + FrameLimits.HeaderBytes, bytes);
        Assert.Equal(1, _queue.Take(batch, 16_384, out bytes, out _, out _));
        Assert.Equal(10 + FrameLimits.HeaderBytes, bytes);
    }

    [Fact]
    public void Close_DropsDatagramsByName_KeepsControl_TakesTheLastFrame()
    {
        Add(1, 100);
        Add(1, 100);
        _queue.TryAddControl(Control(FrameType.Open));

        Assert.True(_queue.Close(Control(FrameType.Close)));

        Assert.Equal(2, _queue.Drops(DropReason.PeerGone));
        Assert.Equal(DropReason.PeerGone, _queue.AddDatagram(Channel.Create(1, 0), new byte[1]));
        Assert.False(_queue.TryAddControl(Control(FrameType.Open)));
        Assert.Equal([FrameType.Open, FrameType.Close], TakeAll().Select(header => header.Type));
    }

    [Fact]
    public void AddAndTake_SteadyState_AllocatesNothing()
    {
        var payload = new byte[1_400];
        var batch = new QueuedFrame[16];
        Cycle(1_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Cycle(10_000);

        // The pool may trim and re-create an array of 2 KB now and then; a frame must not cost one.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);

        void Cycle(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                _queue.AddDatagram(new Channel(1 + ((uint)i % 5)), payload);
                _queue.AddDatagram(new Channel(7), payload);
                var count = _queue.Take(batch, 16_384, out _, out _, out _);
                foreach (var frame in batch.AsSpan(0, count))
                {
                    SendQueue.Recycle(frame);
                }
            }
        }
    }

    private static byte[] Control(FrameType type)
    {
        var frame = new byte[FrameLimits.HeaderBytes];
        new FrameHeader(type, FrameFlags.None, 0, Channel.Session).Write(frame);
        return frame;
    }

    private void Add(int channel, int bytes) =>
        Assert.Equal(DropReason.Unspecified, _queue.AddDatagram(Channel.Create(channel, 0), new byte[bytes]));

    private List<FrameHeader> TakeAll()
    {
        var headers = new List<FrameHeader>();
        var batch = new QueuedFrame[4];
        int count;
        while ((count = _queue.Take(batch, 16_384, out _, out _, out _)) > 0)
        {
            foreach (var frame in batch.AsSpan(0, count))
            {
                headers.Add(FrameHeader.Read(frame.Buffer));
            }
        }

        return headers;
    }
}
