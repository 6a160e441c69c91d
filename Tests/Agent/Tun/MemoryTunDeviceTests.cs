using OrleansUem.Agent.Tun;
using Xunit;

namespace OrleansUem.Tests.Agent.Tun;

public sealed class MemoryTunDeviceTests
{
    private static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(20);

    [Fact]
    public void TryWrite_Packets_ArriveInOrderAtThePeer()
    {
        (MemoryTunDevice left, MemoryTunDevice right) = MemoryTunDevice.CreatePair();
        byte[] buffer = new byte[right.MtuBytes];
        Assert.False(right.TryRead(buffer, out _));
        Assert.True(left.TryWrite([1, 2, 3]));
        Assert.True(left.TryWrite([4]));
        Assert.True(right.WaitReadable());
        Assert.Equal(3, right.Read(buffer));
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.Equal(1, right.Read(buffer));
        Assert.False(left.TryRead(buffer, out _));
        Assert.Equal(2, left.Counters.PacketsWritten);
        Assert.Equal(4, right.Counters.BytesRead);
    }

    [Fact]
    public void TryWrite_FullQueueOrOversize_DropsAndCounts()
    {
        (MemoryTunDevice left, MemoryTunDevice right) = MemoryTunDevice.CreatePair(mtuBytes: 100, queuePacketsMax: 2);
        Assert.True(left.TryWrite(new byte[100]));
        Assert.False(left.TryWrite(new byte[101]));
        Assert.False(left.TryWrite([]));
        Assert.True(left.TryWrite([2]));
        Assert.False(left.TryWrite([3]));
        right.Stop();
        Assert.False(left.TryWrite([4]));
        Assert.Equal((2, 1, 1), (left.Counters.WritesDroppedMalformed, left.Counters.WritesDroppedQueueFull, left.Counters.WritesDroppedLinkDown));
    }

    [Fact]
    public async Task Stop_BlockedReader_ReturnsZero()
    {
        (MemoryTunDevice left, MemoryTunDevice right) = MemoryTunDevice.CreatePair();
        Task<int> read = Task.Factory.StartNew(
            () => right.Read(new byte[1500]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        right.Stop();
        Assert.Equal(0, await read.WaitAsync(SafetyTimeout));
        Assert.False(right.WaitReadable());
        left.Dispose();
    }
}
