using OrleansUem.Node.Addressing;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Node;

public sealed class AddressPoolTests
{
    [Fact]
    public void TryAssign_AnyOrderOfDevices_UniqueStableAndInsideThePool()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var prefix = Ipv4Prefix.Around(new Ipv4Address(0x0A400000u + (uint)random.Next(1 << 20)), random.Next(22, 31));
            var pool = new AddressPool(prefix);
            Dictionary<DeviceId, Ipv4Address> expected = [];
            for (var i = random.Next(5); i > 0; i--)
            {
                var device = new DeviceId($"r{i}");
                var address = new Ipv4Address(prefix.Network.Value + (uint)random.Next((int)prefix.AddressCount));
                if (pool.TryRestore(device, address))
                {
                    expected.Add(device, address);
                }
            }

            for (var i = 0; i < 400; i++)
            {
                var device = new DeviceId($"d{random.Next(300)}");
                if (!pool.TryAssign(device, out var address, out var isNew))
                {
                    Assert.True(expected.Count == pool.Capacity, $"seed {seed}: used up at {expected.Count} of {pool.Capacity}");
                    continue;
                }

                Assert.True(isNew != expected.ContainsKey(device), $"seed {seed}");
                Assert.True(expected.TryAdd(device, address) || expected[device] == address, $"seed {seed}: {device} changed its address");
            }

            Assert.True(expected.Values.Distinct().Count() == expected.Count, $"seed {seed}: an address twice");
            Assert.All(expected.Values, a => Assert.True(prefix.Contains(a) && a > pool.NodeAddress && a < prefix.Last, $"seed {seed}: {a}"));
        }
    }

    [Fact]
    public void TryAssign_SmallestPool_OneDevice()
    {
        var pool = new AddressPool(Ipv4Prefix.Parse("10.64.0.0/30"));
        Assert.Equal("10.64.0.1", pool.NodeAddress.ToString());
        Assert.True(pool.TryAssign(new DeviceId("a"), out var address, out _));
        Assert.Equal("10.64.0.2", address.ToString());
        Assert.False(pool.TryAssign(new DeviceId("b"), out _, out _));
    }

    [Fact]
    public async Task Book_AfterARestart_SameAddresses()
    {
        using var state = await NodeState.CreateAsync();
        var book = new AddressBook(state.Files, Ipv4Prefix.Parse("10.64.0.0/16"));
        book.TryAssign(new DeviceId("a"), out _, out _);
        book.TryAssign(new DeviceId("b"), out var b, out _);
        book.Save();
        var again = new AddressBook(state.Files, Ipv4Prefix.Parse("10.64.0.0/16"));
        Assert.True(again.TryAssign(new DeviceId("b"), out var same, out var isNew));
        Assert.Equal((b, false), (same, isNew));
        var other = new AddressBook(state.Files, Ipv4Prefix.Parse("10.65.0.0/16"));
        Assert.True(other.TryAssign(new DeviceId("b"), out var moved, out _));
        Assert.True(other.Prefix.Contains(moved));
    }
}
