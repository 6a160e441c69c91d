using Microsoft.Extensions.DependencyInjection;
using OrleansUem.Tests.Embedded.Conformance;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.Embedded;

/// <summary>The embedded host on virtual time with everything in memory.</summary>
public sealed class EmbeddedFixture : IActorHostFixture
{
    private readonly EmbeddedActorHost _host;
    private readonly ManualTimeProvider _time;

    private EmbeddedFixture(EmbeddedActorHost host, ManualTimeProvider time)
    {
        _host = host;
        _time = time;
    }

    public IGrainFactory Grains => _host.GrainFactory;

    public EmbeddedActorHost Host => _host;

    public static async Task<EmbeddedFixture> StartAsync(
        Action<EmbeddedActorHostOptions>? configure = null, IReadOnlyList<NotingFilter>? filters = null, ManualTimeProvider? time = null)
    {
        time ??= new ManualTimeProvider();
        var host = await EmbeddedActorHost.StartAsync(
            options =>
            {
                options.GrainAssemblies.Add(typeof(EmbeddedFixture).Assembly);
                configure?.Invoke(options);
            },
            services =>
            {
                services.AddSingleton<TimeProvider>(time);
                foreach (var filter in filters ?? [])
                {
                    services.AddSingleton<IIncomingGrainCallFilter>(filter);
                    services.AddSingleton<IOutgoingGrainCallFilter>(filter);
                }
            });
        return new EmbeddedFixture(host, time);
    }

    public Task PassTimeAsync(TimeSpan span)
    {
        _time.Advance(span);
        return Task.CompletedTask;
    }

    public Task DeactivateAllAsync() => _host.DeactivateAllAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
