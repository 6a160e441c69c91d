using Microsoft.Extensions.DependencyInjection;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded;

/// <summary>An actor host of its own, without a generic host around it: for tests and benchmarks.</summary>
public sealed class EmbeddedActorHost : IAsyncDisposable
{
    private readonly ServiceProvider _provider;

    private EmbeddedActorHost(ServiceProvider provider)
    {
        _provider = provider;
        Host = provider.GetRequiredService<ActorHost>();
    }

    /// <summary>The services that grains are made from.</summary>
    public IServiceProvider Services => _provider;

    /// <summary>Makes references.</summary>
    public IGrainFactory GrainFactory => Host.Factory;

    /// <summary>Activations in memory.</summary>
    public int ActivationCount => Host.ActivationCount;

    internal ActorHost Host { get; }

    /// <summary>Starts a host.</summary>
    public static async Task<EmbeddedActorHost> StartAsync(
        Action<EmbeddedActorHostOptions> configure,
        Action<IServiceCollection>? configureServices = null,
        CancellationToken cancellationToken = default)
    {
        var services = new ServiceCollection();
        configureServices?.Invoke(services);
        services.AddEmbeddedActorHost(configure);
        var host = new EmbeddedActorHost(services.BuildServiceProvider());
        try
        {
            await host.Host.StartAsync(cancellationToken);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }

        return host;
    }

    /// <summary>Ends all activations, as a restart would; the host goes on.</summary>
    public Task DeactivateAllAsync(CancellationToken cancellationToken = default) =>
        Host.DeactivateAllAsync(DeactivationReasonCode.ApplicationRequested, cancellationToken);

    /// <summary>Runs one scan for idle activations at once and counts those it ended.</summary>
    public int Collect() => Host.Collect();

    /// <summary>Stops the host: all activations end.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => Host.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _provider.DisposeAsync();
    }
}
