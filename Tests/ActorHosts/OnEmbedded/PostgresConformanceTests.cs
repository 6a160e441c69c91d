using Npgsql;
using OrleansUem.Silo.Database;
using OrleansUem.Tests.ActorHosts.Conformance;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The conformance suite with the grains' states and reminders in PostgreSQL.</summary>
[RequiresClass(Requirement.Postgres)]
[Collection(PostgresCollection.Name)]
public sealed class PostgresConformanceTests(PostgresServer server) : ActorHostConformance
{
    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters)
    {
        var database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await SchemaMigrations.ApplyAsync(database, SchemaMigrations.All, CancellationToken.None);
        return await ActorHostFixture.StartAsync(options => options.Storage = ActorStorage.Postgres(database), services => NotingFilter.Add(services, filters), disposeStorage: database.DisposeAsync);
    }
}
