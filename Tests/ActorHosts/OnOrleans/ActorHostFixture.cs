using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansUem.Silo;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>
/// Two Orleans silos in this process with storage and reminders in memory. Grains, their timers and reminders follow a clock of the test; response
/// timeouts, membership and directory follow the real one. Callers are where the product's callers are: in a silo.
/// </summary>
public sealed class ActorHostFixture : IActorHostFixture
{
    private readonly InProcessTestCluster _cluster;
    private readonly ManualTimeProvider _time;

    private ActorHostFixture(InProcessTestCluster cluster, ManualTimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        Grains = cluster.Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>();
    }

    /// <summary>Whether silos of this build form a cluster.</summary>
    public static bool IsCluster => true;

    public IGrainFactory Grains { get; }

    /// <summary>Starts the grains of the product. Silos copy every argument and result as it is.</summary>
    public static Task<ActorHostFixture> StartStrictAsync(ManualTimeProvider time, Action<IServiceCollection> services) => StartAsync(services, time);

    public static async Task<ActorHostFixture> StartAsync(Action<IServiceCollection>? services = null, ManualTimeProvider? time = null)
    {
        time ??= new ManualTimeProvider();
        var builder = new InProcessTestClusterBuilder(2);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.InitializeClientOnDeploy = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorageAsDefault(options => options.GrainStorageSerializer = new GrainStateSerializer());
            silo.UseInMemoryReminderService();
            silo.Services.AddSingleton<TimeProvider>(time);
            silo.Services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
            silo.Services.AddKeyedSingleton<TimeProvider>(Orleans.Reminders.ReminderTimeProviderNames.Reminders, new RemindersClock(time));
            services?.Invoke(silo.Services);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new ActorHostFixture(cluster, time);
    }

    public Task PassTimeAsync(TimeSpan span)
    {
        _time.Advance(span);
        return Task.CompletedTask;
    }

    public async Task DeactivateAllAsync()
    {
        var management = Grains.GetGrain<IManagementGrain>(0);
        var activations = await management.GetDetailedGrainStatistics();
        await Task.WhenAll(activations
            .Where(static activation => activation.GrainType.Contains("OrleansUem", StringComparison.Ordinal))
            .Select(activation => _cluster.DeactivateAsync(activation.GrainId)));
    }

    /// <summary>Whether a grain is active in the silo in which <see cref="Grains"/> calls.</summary>
    internal async Task<bool> IsAtCallerAsync(IAddressable grain) =>
        _cluster.Silos[0].SiloAddress.Equals(await Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain));

    public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();

    /// <summary>
    /// The clock of the test, on which each look takes a tick. Orleans waits for a reminder in a loop until its time has come; Task.Delay cuts what is left to
    /// whole milliseconds, so on a clock that stands still the last of them would never pass.
    /// </summary>
    private sealed class RemindersClock(ManualTimeProvider time) : TimeProvider
    {
        private long _looks;

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow().AddTicks(Interlocked.Increment(ref _looks));

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }
}
