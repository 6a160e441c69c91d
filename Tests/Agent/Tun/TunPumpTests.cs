using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.Tun;

public sealed class TunPumpTests
{
    private const int SegmentBytes = 1_000;
    private const int Segments = 10;

    [Fact]
    public async Task Run_HandsOnWhatWasWritten_AndSaysWhenNothingIsLeft()
    {
        var sink = new Sink(new ManualTimeProvider(), TimeSpan.Zero);
        await RunAsync(sink, (near, far) =>
        {
            for (var i = 0; i < 20; i++)
            {
                Write(far);
            }

            sink.OnDrainedAt(20 * Segments, near.Stop);
        });

        Assert.Equal(Enumerable.Repeat(Segments, 20), sink.Packets);
        Assert.Empty(sink.Drops);
    }

    [Fact]
    public async Task Run_WhereTheQueueStands_TakesOneSegmentOfASuperPacketAndNoMore()
    {
        var time = new ManualTimeProvider();

        // Each takes 10 ms, and another one comes meanwhile: 60 of them wait 0.6 s.
        var sink = new Sink(time, TimeSpan.FromMilliseconds(10));
        await RunAsync(sink, (near, far) =>
        {
            for (var i = 0; i < 60; i++)
            {
                Write(far);
            }

            sink.OnEach = seen =>
            {
                if (seen < 300)
                {
                    Write(far);
                }
                else
                {
                    near.Stop();
                }
            };
        });

        var cut = sink.Packets.Count(packets => packets == Segments - 1);
        Assert.InRange(cut, 10, 300);
        Assert.Equal(cut, sink.Drops.Count(reason => reason == DropReason.StandingQueue));
        Assert.Equal(sink.Drops.Count, cut);
        Assert.All(sink.Packets, packets => Assert.InRange(packets, Segments - 1, Segments));
    }

    private static async Task RunAsync(Sink sink, Action<MemoryTunDevice, MemoryTunDevice> prepare)
    {
        var (near, far) = MemoryTunDevice.CreatePair(1_400, queuePacketsMax: 1_000, TunOffloads.All);
        using (near)
        using (far)
        {
            prepare(near, far);
            await Task.Factory.StartNew(
                () => TunPump.Run(near, sink, sink.Time), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WithinAsync("the pump ends");
        }
    }

    private static void Write(MemoryTunDevice far)
    {
        var (offload, packet) = SuperPacketBuilder.Tcp(new Random(3), Segments * SegmentBytes, SegmentBytes);
        Assert.True(far.TryWrite(offload, packet));
    }

    private sealed class Sink(ManualTimeProvider time, TimeSpan took) : ITunPackets
    {
        private int _drainAt = int.MaxValue;
        private Action _onDrained = () => { };
        private int _seen;

        public ManualTimeProvider Time => time;

        public List<int> Packets { get; } = [];

        public List<DropReason> Drops { get; } = [];

        public Action<int> OnEach { get; set; } = _ => { };

        public void OnDrainedAt(int packets, Action stop) => (_drainAt, _onDrained) = (packets, stop);

        public void OnPackets(scoped ref PacketSegmenter packets)
        {
            var count = 0;
            while (packets.MoveNext())
            {
                count++;
            }

            Packets.Add(count);
            time.Advance(took);
            OnEach(++_seen);
        }

        public void OnDropped(DropReason reason) => Drops.Add(reason);

        public void OnDrained()
        {
            if (Packets.Sum() >= _drainAt)
            {
                _onDrained();
            }
        }
    }
}
