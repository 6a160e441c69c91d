using OrleansUem.Edge.Forwarding;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Edge;

public sealed class ChannelTableTests
{
    private readonly FakeTunnelPeer _owner = new();

    [Fact]
    public void TryAllocate_First_IsIndexOneGenerationZero() =>
        Assert.Equal(Channel.Create(1, 0), new ChannelTable(10).TryAllocate(_owner)!.Channel);

    [Fact]
    public void TryAllocate_AtTheLimit_IsNullUntilOneIsReleased()
    {
        var table = new ChannelTable(3);
        var slots = Enumerable.Range(0, 3).Select(_ => table.TryAllocate(_owner)!).ToArray();
        Assert.Null(table.TryAllocate(_owner));

        table.Release(slots[1]);
        table.Release(slots[1]);

        Assert.Equal(Channel.Create(2, 1), table.TryAllocate(_owner)!.Channel);
        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void Find_OldGeneration_IsStale_NeverUsed_IsNoRoute()
    {
        var table = new ChannelTable(3);
        var slot = table.TryAllocate(_owner)!;
        Assert.Same(slot, table.Find(slot.Channel, out _));

        table.Release(slot);

        Assert.Null(table.Find(slot.Channel, out var drop));
        Assert.Equal(DropReason.StaleChannel, drop);
        Assert.Null(table.Find(Channel.Create(2, 0), out drop));
        Assert.Equal(DropReason.NoRoute, drop);
        Assert.Null(table.Find(new Channel(uint.MaxValue), out drop));
        Assert.Equal(DropReason.NoRoute, drop);
    }

    [Fact]
    public void Release_GenerationWrapsAtItsBits()
    {
        var table = new ChannelTable(1);
        for (var i = 0; i <= Channel.MaxGeneration; i++)
        {
            var slot = table.TryAllocate(_owner)!;
            Assert.Equal(i, slot.Channel.Generation);
            table.Release(slot);
        }

        Assert.Equal(0, table.TryAllocate(_owner)!.Channel.Generation);
    }

    [Fact]
    public void Operations_Random_AgreeWithAModel()
    {
        const int seed = 20261121;
        var random = new Random(seed);
        var table = new ChannelTable(50);
        var live = new Dictionary<Channel, ChannelSlot>();
        var dead = new HashSet<Channel>();
        for (var i = 0; i < 20_000; i++)
        {
            if (random.Next(2) == 0 && table.TryAllocate(_owner) is { } added)
            {
                Assert.True(live.TryAdd(added.Channel, added), $"seed {seed}: {added.Channel} is in use");
                dead.Remove(added.Channel);
            }
            else if (live.Count > 0)
            {
                var slot = live.Values.ElementAt(random.Next(live.Count));
                table.Release(slot);
                live.Remove(slot.Channel);
                dead.Add(slot.Channel);
            }

            Assert.Equal(live.Count, table.Count);
            Assert.All(live.Take(3), pair => Assert.Same(pair.Value, table.Find(pair.Key, out _)));
            Assert.All(dead.Take(3), channel => Assert.Null(table.Find(channel, out _)));
        }
    }
}
