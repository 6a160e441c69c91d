using OrleansUem.Agent.UserNat;
using Xunit;

namespace OrleansUem.Tests.Agent.UserNat;

public sealed class PacketRingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261128)]
    public void AnySequence_AgainstAQueueOfCopies_IsTheSame(int seed)
    {
        var random = new Random(seed);
        var ring = new PacketRing(4096);
        var model = new Queue<byte[]>();
        int refused = 0, wholeLaps = 0;
        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(100) < 55)
            {
                var packet = new byte[random.Next(1, random.Next(2) == 0 ? 40 : 1500)];
                random.NextBytes(packet);
                if (ring.TryAdd(packet.Length, out var space))
                {
                    packet.CopyTo(space);
                    model.Enqueue(packet);
                }
                else
                {
                    refused++;

                    // Refused only when the packet would not fit, in the worst case with a gap of its own size at the end.
                    Assert.True(ring.UsedBytes + (2 * (packet.Length + 8)) > 4096, $"seed {seed}, step {step}");
                }
            }
            else if (model.TryDequeue(out var expected))
            {
                Assert.True(ring.TryPeek(out var actual), $"seed {seed}, step {step}");
                Assert.True(actual.SequenceEqual(expected), $"seed {seed}, step {step}");
                ring.Remove();
                wholeLaps += model.Count == 0 ? 1 : 0;
            }

            Assert.Equal(model.Count == 0, !ring.TryPeek(out _));
        }

        Assert.True(refused > 100 && wholeLaps > 0, $"the sequence of seed {seed} reached neither end");
    }

    [Fact]
    public void TryAdd_LongerThanTheRing_IsRefusedAndChangesNothing()
    {
        var ring = new PacketRing(64);
        Assert.False(ring.TryAdd(61, out _));
        Assert.True(ring.IsEmpty);
        Assert.True(ring.TryAdd(60, out _));
        Assert.False(ring.TryAdd(1, out _));
    }

    [Fact]
    public void Await_WithAPacketThere_SaysNoAndTheAdderWakesOnce()
    {
        var queue = new PacketQueue(256);
        Assert.True(queue.Await());
        Assert.True(queue.TryAdd([1], [2, 3], [new(0, 2)], out var isAwaited) && isAwaited);
        Assert.True(queue.TryAdd([], [4], [new(0, 1)], out isAwaited) && !isAwaited);
        Assert.False(queue.Await());
        Assert.True(queue.TryPeek(out var packet));
        Assert.Equal([1, 2, 3], packet.ToArray());
    }
}
