namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>All grain classes and interfaces that a host knows.</summary>
public sealed class GrainRegistry
{
    internal Dictionary<Type, Func<CallTarget, GrainReference>> Interfaces { get; } = [];

    internal Dictionary<Type, GrainClassDescription> Classes { get; } = [];

    /// <summary>Adds an interface with the constructor of its reference.</summary>
    public void AddInterface(Type interfaceType, Func<CallTarget, GrainReference> makeReference) =>
        Interfaces[interfaceType] = makeReference;

    /// <summary>Adds a class.</summary>
    public void AddClass(GrainClassDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        Classes[description.ClassType] = description;
    }

    /// <summary>Reads the generated metadata of an assembly.</summary>
    internal void AddAssembly(System.Reflection.Assembly assembly)
    {
        foreach (var attribute in assembly.GetCustomAttributes(typeof(GrainMetadataAttribute), false))
        {
            ((IGrainRegistrar)Activator.CreateInstance(((GrainMetadataAttribute)attribute).Registrar)!).Register(this);
        }
    }
}
