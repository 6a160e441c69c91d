namespace OrleansUem.Embedded;

/// <summary>Marks a type that crosses a grain boundary. The embedded host needs no serializer; Orleans generates one.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Interface)]
public sealed class GenerateSerializerAttribute : Attribute;
