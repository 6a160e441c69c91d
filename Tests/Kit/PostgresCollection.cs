using Xunit;

namespace OrleansUem.Tests.Kit;

/// <summary>Tests that share one PostgreSQL server, each with a database of its own. They run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "PostgreSQL";
}
