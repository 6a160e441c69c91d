using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded;

/// <summary>Registers the actor host.</summary>
public static class EmbeddedActorHostServiceExtensions
{
    /// <summary>
    /// Adds <see cref="IGrainFactory"/> and a hosted service that starts and stops the grains. Services that call grains
    /// when they start are registered after it, so that they start later and stop earlier.
    /// </summary>
    public static IServiceCollection AddEmbeddedActorHost(this IServiceCollection services, Action<EmbeddedActorHostOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddLogging();
        services.AddOptions();
        services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        if (services.Any(static service => service.ServiceType == typeof(ActorHost)))
        {
            return services;
        }

        services.AddSingleton(new ServiceLifetimes(services));
        services.AddSingleton<ActorHost>();
        services.AddSingleton<IGrainFactory>(static provider => provider.GetRequiredService<ActorHost>().Factory);
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<ActorHost>());
        return services;
    }
}
