using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansUem.Grains.Inventory;

namespace OrleansUem.Grains;

/// <summary>What the grains of this project are constructed with.</summary>
public static class GrainServices
{
    /// <summary>Adds the options and, unless the host brings its own, the system clock and an inventory that forgets.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static IServiceCollection AddGrainServices(this IServiceCollection services, GrainOptions options)
    {
        var faults = GrainOptionsValidator.Validate(options);
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        }

        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IInventory, NullInventory>();
        return services;
    }
}
