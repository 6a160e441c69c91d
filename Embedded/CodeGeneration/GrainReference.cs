using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>The base of all generated references.</summary>
public abstract class GrainReference : IAddressable
{
    /// <summary>The identity that the reference points to.</summary>
    public GrainId GrainId => Target.GrainId;

    internal CallTarget Target { get; } = null!;
}
