using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>End-to-end tests run one after another: each has a whole installation on two cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "End to end";
}
