using System.Diagnostics.CodeAnalysis;

namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>Names the generated class that knows the grains of an assembly.</summary>
/// <param name="registrar">A class with a parameterless constructor that implements <see cref="IGrainRegistrar"/>.</param>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class GrainMetadataAttribute(
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] Type registrar) : Attribute
{
    /// <summary>The class.</summary>
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)]
    public Type Registrar { get; } = registrar;
}
