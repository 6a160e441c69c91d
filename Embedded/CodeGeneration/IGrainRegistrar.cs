namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>Tells a host the grains, the interfaces and the observers of an assembly.</summary>
public interface IGrainRegistrar
{
    /// <summary>Adds everything to the registry.</summary>
    void Register(GrainRegistry registry);
}
