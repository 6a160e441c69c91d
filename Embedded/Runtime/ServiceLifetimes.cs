using Microsoft.Extensions.DependencyInjection;

namespace OrleansUem.Embedded.Runtime;

/// <summary>Tells whether a constructor needs a service scope of its own, which costs memory for each activation.</summary>
internal sealed class ServiceLifetimes(IServiceCollection services)
{
    internal bool NeedsScope(Type service)
    {
        var definition = service.IsGenericType ? service.GetGenericTypeDefinition() : null;
        return services.Any(s => (s.ServiceType == service || s.ServiceType == definition) && s.Lifetime != ServiceLifetime.Singleton);
    }
}
