using System.Buffers.Binary;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.Tun;

public sealed class TunBacklogTests
{
    private const int ReadBytesMax = 65_535;
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(1);

    [Fact]
    public void TryTake_PacketsOfOneFlow_ComeInOrder()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        for (var i = 0; i < 100; i++)
        {
            Put(backlog, port: 80, number: i);
        }

        Assert.Equal(Enumerable.Range(0, 100), TakeAll(backlog).Select(taken => taken.Number));
        Assert.True(backlog.IsEmpty);
    }

    [Fact]
    public void TryTake_APacketOfAnotherFlow_GoesBeforeABulkTransfer()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        for (var i = 0; i < 10; i++)
        {
            Put(backlog, port: 80, number: i);
        }

        Put(backlog, port: 53, number: 100);
        Put(backlog, port: 53, number: 101);

        // The first of each flow goes first; what else a flow has waits its turn.
        Assert.Equal([0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 101], TakeAll(backlog).Select(taken => taken.Number));
    }

    [Fact]
    public void TryTake_ManyFlowsOfOnePacket_DoNotStarveTheOthers()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        Put(backlog, port: 80, number: 0);
        Put(backlog, port: 80, number: 1);
        var fresh = 1_000;
        var seen = 0;
        for (var i = 0; i < 500 && seen < 2; i++)
        {
            Put(backlog, (ushort)fresh, fresh);
            fresh++;
            Assert.True(backlog.TryTake(Start, out var packet, out _, out _));
            seen += PortOf(packet) == 80 ? 1 : 0;
        }

        Assert.Equal(2, seen);
    }

    [Fact]
    public void RandomUse_KeepsEveryPacketAndTheOrderWithinEachFlow()
    {
        var random = new Random(8);
        var backlog = new TunBacklog(ReadBytesMax);
        var next = new int[40];
        var taken = new int[40];
        var bytes = 0L;
        for (var i = 0; i < 200_000; i++)
        {
            // Fills up and drains in turns, so that the buffer goes round in every state.
            var isFilling = (i / 3_000) % 2 == 0;
            if (random.Next(10) < (isFilling ? 7 : 3))
            {
                var flow = random.Next(random.Next(2) == 0 ? 2 : next.Length);
                if (TryPut(backlog, (ushort)(100 + flow), next[flow], random.Next(20) == 0 ? random.Next(1_500, 65_000) : random.Next(0, 1_400)))
                {
                    next[flow]++;
                }
            }
            else if (backlog.TryTake(Start, out var packet, out var offload, out _))
            {
                var flow = PortOf(packet) - 100;
                Assert.Equal(taken[flow]++, NumberOf(packet));
                Assert.Equal(packet.Length, offload.HeaderBytes + offload.SegmentBytes);
                AssertFilled(packet);
                bytes += packet.Length;
            }
        }

        foreach (var packet in TakeAll(backlog))
        {
            Assert.Equal(taken[packet.Port - 100]++, packet.Number);
        }

        Assert.Equal(next, taken);
        Assert.True(bytes > 10L * backlog.BytesMax);
    }

    [Fact]
    public void TryGetRoom_WhenFull_SaysSoAndHasRoomAgainAfterTaking()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        var kept = 0;
        while (TryPut(backlog, 80, kept, payloadBytes: 60_000))
        {
            kept++;
        }

        Assert.InRange(kept, backlog.BytesMax / 65_536 - 1, backlog.BytesMax / 60_000);
        Assert.True(backlog.TryTake(Start, out _, out _, out _));
        Assert.True(backlog.TryTake(Start, out _, out _, out _));
        Assert.True(TryPut(backlog, 80, kept, payloadBytes: 60_000));
        Assert.Equal(Enumerable.Range(2, kept - 1), TakeAll(backlog).Select(taken => taken.Number));
    }

    [Fact]
    public void TryGetRoom_ManySmallPackets_AreBoundedInNumber()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        var kept = 0;
        while (TryPut(backlog, 80, kept, payloadBytes: 0))
        {
            kept++;
        }

        Assert.Equal(backlog.PacketsMax, kept);
    }

    [Fact]
    public void TryTake_OfAQueueThatStands_AsksForDrops_AndLeavesSparseFlowsAlone()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        var drops = 0;
        var now = Start;
        for (var i = 0; i < 50; i++)
        {
            Put(backlog, port: 80, number: i, now);
        }

        for (var i = 50; i < 1_050; i++)
        {
            now += TimeSpan.FromMilliseconds(1);
            Put(backlog, port: 80, number: i, now);
            Put(backlog, port: 53, number: i, now);
            for (var k = 0; k < 2; k++)
            {
                Assert.True(backlog.TryTake(now, out var packet, out _, out var isTooMuch));
                Assert.False(isTooMuch && PortOf(packet) == 53);
                drops += isTooMuch ? 1 : 0;
            }
        }

        Assert.InRange(drops, 10, 50);
    }

    [Fact]
    public void KeepAndTake_AllocateNothing()
    {
        var backlog = new TunBacklog(ReadBytesMax);
        Pass();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Pass();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Pass()
        {
            Assert.True(backlog.TryGetRoom(out var room));
            room[..1_000].Clear();
            backlog.Keep(default, 1_000, Start);
            Assert.True(backlog.TryTake(Start, out _, out _, out _));
        }
    }

    private static void Put(TunBacklog backlog, ushort port, int number, TimeSpan? now = null) => Assert.True(TryPut(backlog, port, number, payloadBytes: 4, now));

    private static bool TryPut(TunBacklog backlog, ushort port, int number, int payloadBytes, TimeSpan? now = null)
    {
        if (!backlog.TryGetRoom(out var room))
        {
            return false;
        }

        var packet = PacketBuilder.Udp("10.0.0.1", "10.1.0.1", port, payloadBytes + 4);
        packet.AsSpan(28).Fill((byte)number);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(28), number);
        packet.CopyTo(room);
        backlog.Keep(new VirtioNetHeader { HeaderBytes = (ushort)(packet.Length - 7), SegmentBytes = 7 }, packet.Length, now ?? Start);
        return true;
    }

    private static List<(ushort Port, int Number)> TakeAll(TunBacklog backlog)
    {
        List<(ushort, int)> all = [];
        while (backlog.TryTake(Start, out var packet, out _, out _))
        {
            all.Add((PortOf(packet), NumberOf(packet)));
        }

        return all;
    }

    private static ushort PortOf(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[22..]);

    private static int NumberOf(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadInt32BigEndian(packet[28..]);

    private static void AssertFilled(ReadOnlySpan<byte> packet) => Assert.Equal(-1, packet[32..].IndexOfAnyExcept((byte)NumberOf(packet)));
}
