using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class HandshakeThreadsTests
{
    [Fact]
    public async Task Post_ManyOfOneAddress_OthersTakeTurnsWithIt()
    {
        using var threads = new HandshakeThreads(1);
        using var gate = new ManualResetEventSlim();
        var order = new List<string>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var isHeld = new ManualResetEventSlim();
        threads.Post(1, () =>
        {
            isHeld.Set();
            gate.Wait();
        });
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)), "The thread took no step.");
        foreach (var (address, name) in new (ulong, string)[] { (1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (3, "c2") })
        {
            threads.Post(address, () => order.Add(name));
        }

        threads.Post(3, () => done.SetResult());
        gate.Set();

        await done.Task.WithinAsync("all steps");
        Assert.Equal(["a1", "b1", "c1", "a2", "c2", "a3"], order);
    }

    [Fact]
    public async Task TakeTurn_GoesOnWithOneOfTheThreads()
    {
        using var threads = new HandshakeThreads(1);
        var name = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await Task.Run(StepAsync).WithinAsync("the step");

        Assert.Equal("handshakes 0", await name.Task);

        async Task StepAsync()
        {
            await threads.TakeTurn(7);
            name.SetResult(Thread.CurrentThread.Name);
            await Task.Yield();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Constructor_CountOutOfRange_Throws(int count) => Assert.Throws<ArgumentOutOfRangeException>(() => new HandshakeThreads(count));
}
