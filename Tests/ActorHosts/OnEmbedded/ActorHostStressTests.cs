using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>Every kind of call at once, while activations end and are collected: no call is lost, no two turns overlap.</summary>
public sealed class ActorHostStressTests
{
    private const int Callers = 8;
    private const int CallsPerCaller = 2_500;
    private const int Grains = 12;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task Calls_RandomMix_AllAnsweredOnceAndInTurn(int seed, bool queuesAlways)
    {
        await using var host = await ActorHostFixture.StartAsync(options => options.QueuesAlways = queuesAlways);
        using var done = new CancellationTokenSource();
        var collecting = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                host.Host.Host.DeactivateAllAsync(DeactivationReasonCode.ActivationIdle, done.Token).GetAwaiter().GetResult();
                host.Host.Collect();
            }
        });
        var overlaps = StressGrain.Overlaps;
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(host.Grains, seed, caller)));
        await Task.WhenAll(callers).WithinAsync($"{Callers} callers, seed {seed}");
        await done.CancelAsync();
        await collecting.WithinAsync("collector");
        Assert.Equal(overlaps, StressGrain.Overlaps);
        await host.DeactivateAllAsync().WithinAsync("deactivation");
        Assert.Equal(0, host.Host.ActivationCount);
    }

    private static async Task CallAsync(IGrainFactory grains, int seed, int caller)
    {
        var random = new Random((seed * 1000) + caller);
        for (var i = 0; i < CallsPerCaller; i++)
        {
            var first = random.Next(Grains);
            var grain = grains.GetGrain<IStressGrain>(Key(seed, first));
            var answer = random.Next(20) switch
            {
                < 7 => grain.QuickAsync(i),
                < 11 => grain.YieldAsync(i, random.Next(1, 4)),
                < 13 => grain.ReadAsync(i),
                < 15 => grain.InterleaveAsync(i),

                // Ascending keys: a chain of calls that can't close a cycle with another.
                < 18 => grain.ThroughAsync([.. Enumerable.Range(first + 1, Grains - first - 1).Where(_ => random.Next(3) == 0).Select(n => Key(seed, n))], i),
                18 => grain.EndAsync(i),
                _ => ForgetAsync(grain, i),
            };
            Assert.Equal(i, await answer);
        }
    }

    private static async Task<int> ForgetAsync(IStressGrain grain, int number)
    {
        await grain.ForgetAsync();
        return number;
    }

    private static string Key(int seed, int number) => $"stress-{seed}-{number:D2}";
}
