using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>Serves the constructor of a grain.</summary>
public sealed class GrainConstruction
{
    private readonly Activation _activation;

    internal GrainConstruction(Activation activation) => _activation = activation;

    /// <summary>The activation.</summary>
    public IGrainContext Context => _activation;

    internal List<IStateLoad>? States { get; private set; }

    /// <summary>A required service.</summary>
    public T Service<T>()
        where T : notnull => _activation.ActivationServices.GetRequiredService<T>();

    /// <summary>A service that may be missing.</summary>
    public T? OptionalService<T>() => _activation.ActivationServices.GetService<T>();

    /// <summary>A service that is registered under a key.</summary>
    public T KeyedService<T>(object key)
        where T : notnull => _activation.ActivationServices.GetRequiredKeyedService<T>(key);

    /// <summary>A persistent state; it is read before OnActivateAsync.</summary>
    public IPersistentState<TState> State<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TState>(
        string stateName, string? storageName)
    {
        var state = new PersistentState<TState>(_activation, stateName, _activation.Host.FindStorage(storageName));
        (States ??= []).Add(state);
        return state;
    }
}
