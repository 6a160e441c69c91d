using Npgsql;
using OrleansUem.Silo;
using OrleansUem.Silo.Database;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Database;

/// <summary>How a database gets and keeps its tables.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SchemaMigrationsTests(PostgresServer server)
{
    [Fact]
    public void Files_AreNumberedWithoutGaps() =>
        Assert.Equal(Enumerable.Range(1, SchemaMigrations.All.Count), SchemaMigrations.All.Select(static migration => migration.Version));

    [RequiresFact(Requirement.Postgres)]
    public async Task Apply_Twice_SecondFindsNothingToDo()
    {
        await using var database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        Assert.Equal(SchemaMigrations.All, await ApplyAsync(database));
        Assert.Empty(await ApplyAsync(database));
    }

    /// <summary>Silos that start together take turns: one applies, the others find it done.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Apply_FromManyAtOnce_AppliesOnce()
    {
        await using var database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ApplyAsync(database)));
        Assert.Equal(SchemaMigrations.All, Assert.Single(applied, static list => list.Count > 0));
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Apply_NewerDatabase_RefusesAndChangesNothing()
    {
        await using var database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        var newer = SchemaMigrations.All.Append(new SchemaMigration(SchemaMigrations.All.Count + 1, "9999-future", "CREATE TABLE future ()")).ToList();
        await SchemaMigrations.ApplyAsync(database, newer, CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<SiloStartException>(() => ApplyAsync(database));
        Assert.Contains($"has schema {newer.Count}, this program knows up to {SchemaMigrations.All.Count}", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>All or nothing: the step that fails takes those before it back.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Apply_StepFails_NothingIsLeft()
    {
        await using var database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        var broken = SchemaMigrations.All.Append(new SchemaMigration(SchemaMigrations.All.Count + 1, "9999-broken", "CREATE TABLE nonsense (")).ToList();
        await Assert.ThrowsAsync<PostgresException>(() => SchemaMigrations.ApplyAsync(database, broken, CancellationToken.None));
        await using var count = database.CreateCommand("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
        Assert.Equal(0L, await count.ExecuteScalarAsync());
        Assert.Equal(SchemaMigrations.All, await ApplyAsync(database));
    }

    private static Task<IReadOnlyList<SchemaMigration>> ApplyAsync(NpgsqlDataSource database) =>
        SchemaMigrations.ApplyAsync(database, SchemaMigrations.All, CancellationToken.None);
}
