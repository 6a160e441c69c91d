using Microsoft.CodeAnalysis;

namespace OrleansUem.Embedded.Generators;

/// <summary>Writes the references, the factories and the metadata of grains and observers.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class ActorHostGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
    }
}
