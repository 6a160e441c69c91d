namespace OrleansUem.Embedded;

/// <summary>Marks a constructor parameter of type <see cref="IPersistentState{TState}"/>. The state is read before <c>OnActivateAsync</c>.</summary>
/// <param name="stateName">The name of the state: with the key it names the row, so it is unique among the grain classes.</param>
/// <param name="storageName">The storage provider; null stands for the default one.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
{
    /// <summary>The name of the state.</summary>
    public string StateName { get; } = stateName;

    /// <summary>The storage provider; null stands for the default one.</summary>
    public string? StorageName { get; } = storageName;
}
