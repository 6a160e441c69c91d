using System.Net;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class HandshakeStreamTests
{
    /// <summary>What a flood keeps waiting until nobody wants it any more costs no computation.</summary>
    [Fact]
    public async Task Read_GivenUpWhileItWaitsForItsTurn_IsNotHandedOn()
    {
        using var threads = new HandshakeThreads(1);
        using var gate = new ManualResetEventSlim();
        threads.Post(2, gate.Wait);
        Assert.True(new PendingConnections(8, new ManualTimeProvider()).TryAdd(IPAddress.Loopback, out var pending));
        await using var stream = new HandshakeStream(new MemoryStream([1, 2, 3]), default, pending, threads);
        using var limit = new CancellationTokenSource();
        var reading = stream.ReadAsync(new byte[16], limit.Token).AsTask();

        await limit.CancelAsync();
        gate.Set();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WithinAsync("the read's turn"));
    }
}
