namespace OrleansUem.Embedded;

/// <summary>Sets the type part of the identities of a grain class; the default is the class name in lower case without its suffix Grain.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class GrainTypeAttribute(string grainType) : Attribute
{
    /// <summary>The type part of the grain identity.</summary>
    public string GrainType { get; } = grainType;
}
