using Microsoft.Extensions.DependencyInjection;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The embedded host on virtual time, in memory unless the test brings a storage.</summary>
public sealed class ActorHostFixture : IActorHostFixture
{
    private readonly EmbeddedActorHost _host;
    private readonly ManualTimeProvider _time;
    private readonly Func<ValueTask>? _disposeStorage;

    private ActorHostFixture(EmbeddedActorHost host, ManualTimeProvider time, Func<ValueTask>? disposeStorage)
    {
        _host = host;
        _time = time;
        _disposeStorage = disposeStorage;
    }

    /// <summary>Whether silos of this build form a cluster.</summary>
    public static bool IsCluster => false;

    public IGrainFactory Grains => _host.GrainFactory;

    public EmbeddedActorHost Host => _host;

    /// <summary>Starts the grains of the product on a host as strict as two silos: every argument and result is copied.</summary>
    public static Task<ActorHostFixture> StartStrictAsync(ManualTimeProvider time, Action<IServiceCollection> services) =>
        StartAsync(
            static options =>
            {
                options.GrainAssemblies.Add(typeof(ITenantGrain).Assembly);
                options.GrainAssemblies.Add(typeof(GrainServices).Assembly);
                options.CopiesAlways = true;
            },
            services,
            time);

    public static async Task<ActorHostFixture> StartAsync(
        Action<EmbeddedActorHostOptions>? configure = null,
        Action<IServiceCollection>? services = null,
        ManualTimeProvider? time = null,
        Func<ValueTask>? disposeStorage = null)
    {
        time ??= new ManualTimeProvider();
        var host = await EmbeddedActorHost.StartAsync(
            options =>
            {
                options.GrainAssemblies.Add(typeof(ActorHostFixture).Assembly);
                configure?.Invoke(options);
            },
            collection =>
            {
                collection.AddSingleton<TimeProvider>(time);
                services?.Invoke(collection);
            });
        return new ActorHostFixture(host, time, disposeStorage);
    }

    public Task PassTimeAsync(TimeSpan span)
    {
        _time.Advance(span);
        return Task.CompletedTask;
    }

    public Task DeactivateAllAsync() => _host.DeactivateAllAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await (_disposeStorage?.Invoke() ?? ValueTask.CompletedTask);
    }
}
