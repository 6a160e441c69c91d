using Xunit;

namespace OrleansUem.Tests.Kit;

/// <summary>Tests whose load would disturb others, or that others would disturb: they run one after another when all others have ended.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "Alone";
}
