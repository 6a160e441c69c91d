using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>What only the embedded host promises: collection by epochs, limits, start and stop, weak observers.</summary>
public sealed class ActorHostLifeTests
{
    [Fact]
    public async Task Collect_IdleForTheAge_EndsIt()
    {
        await using var host = await ActorHostFixture.StartAsync();
        var key = Guid.NewGuid().ToString();
        var grain = host.Grains.GetGrain<ICallGrain>(key);
        await grain.NothingAsync();
        for (var scan = 0; scan < 15; scan++)
        {
            host.Host.Collect();
        }

        Assert.Equal(string.Empty, Probe.Notes(key));
        host.Host.Collect();
        await Probe.SeenAsync(key, "deactivated");
    }

    [Fact]
    public async Task Collect_UsedInBetween_StartsAgain()
    {
        await using var host = await ActorHostFixture.StartAsync();
        var grain = host.Grains.GetGrain<IFilteredGrain>(Guid.NewGuid().ToString());
        await grain.DoubleAsync(1);
        for (var scan = 0; scan < 40; scan++)
        {
            Assert.Equal(0, host.Host.Collect());
            if (scan % 10 == 0)
            {
                await grain.DoubleAsync(1);
            }
        }

        Assert.Equal(1, host.Host.ActivationCount);
        Assert.Equal(1, Enumerable.Range(0, 20).Sum(_ => host.Host.Collect()));
        Assert.Equal(0, host.Host.ActivationCount);
    }

    [Fact]
    public async Task Collect_CallInFlight_Stays()
    {
        await using var host = await ActorHostFixture.StartAsync();
        var key = Guid.NewGuid().ToString();
        var call = host.Grains.GetGrain<ICallGrain>(key).HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        Assert.Equal(0, Enumerable.Range(0, 40).Sum(_ => host.Host.Collect()));
        Probe.Open(key, "a");
        await call.WithinAsync("held call");
    }

    [Fact]
    public async Task Call_TooManyWait_Refused()
    {
        await using var host = await ActorHostFixture.StartAsync(static options => options.QueuedRequestsMax = 2);
        var key = Guid.NewGuid().ToString();
        var grain = host.Grains.GetGrain<ICallGrain>(key);
        var held = grain.HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        var waiting = new[] { grain.AddAsync(1, 1), grain.AddAsync(1, 1) };
        await Assert.ThrowsAsync<LimitExceededException>(() => grain.AddAsync(1, 1));
        Probe.Open(key, "a");
        await Task.WhenAll([held, .. waiting]).WithinAsync("calls within the limit");
        Assert.Equal(2, await grain.AddAsync(1, 1));
    }

    [Fact]
    public async Task Stop_GrainsAreActive_AllEndAndCallsAreRefused()
    {
        var host = await ActorHostFixture.StartAsync();
        var key = Guid.NewGuid().ToString();
        var grain = host.Grains.GetGrain<ICallGrain>(key);
        await grain.NothingAsync();
        await host.Host.StopAsync().WithinAsync("stop");
        Assert.Equal("deactivated", Probe.Notes(key));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.AddAsync(1, 1));
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Stop_CallDoesNotEnd_BoundedByStopTimeout()
    {
        var host = await ActorHostFixture.StartAsync();
        var key = Guid.NewGuid().ToString();
        _ = host.Grains.GetGrain<ICallGrain>(key).HoldAsync("a");
        await Probe.SeenAsync(key, "a<");
        var stop = host.Host.StopAsync();
        Assert.False(stop.IsCompleted);
        await host.PassTimeAsync(TimeSpan.FromSeconds(30));
        await stop.WithinAsync("stop");
        Probe.Open(key, "a");
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Start_BadOptions_NamesOptionValueAndBound()
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => ActorHostFixture.StartAsync(static options =>
        {
            options.InlineDepthMax = 1000;
            options.CollectionAge = TimeSpan.FromSeconds(3);
        }));
        Assert.Contains("InlineDepthMax is 1000; expected: 0 to 256", failure.Message, StringComparison.Ordinal);
        Assert.Contains("CollectionAge is 00:00:03; expected: at least 00:01:00", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddEmbeddedActorHost_GenericHost_StartsAndStops()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddEmbeddedActorHost(static options => options.GrainAssemblies.Add(typeof(ActorHostLifeTests).Assembly));
        using var host = builder.Build();
        await host.StartAsync();
        Assert.Equal(3, await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICallGrain>("g").AddAsync(1, 2));
        await host.StopAsync();
    }

    [Fact]
    public async Task Observer_Collected_CallerGetsTimeout()
    {
        await using var host = await ActorHostFixture.StartAsync();
        var grain = host.Grains.GetGrain<IWatchedGrain>("weak");
        await grain.SubscribeAsync(Subscribe(host.Grains));
        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        await Assert.ThrowsAsync<TimeoutException>(() => grain.TellAsync(1).WithinAsync("call of a collected observer"));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static IWatcher Subscribe(IGrainFactory grains) => grains.CreateObjectReference<IWatcher>(new Silent());

    private sealed class Silent : IWatcher
    {
        public Task FailAsync() => Task.CompletedTask;

        public Task SeenAsync(int number) => Task.CompletedTask;

        public void Told(int number)
        {
        }
    }
}
