using Npgsql;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Database;

/// <summary>A silo whose database is PostgreSQL: what it keeps there, and one clear line for each way that it can't start.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresSiloTests(PostgresServer server) : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-pgsilo-");

    private string State => Path.Combine(_folder.FullName, "s");

    private string DatabaseFile => Path.Combine(_folder.FullName, "database.conf");

    public void Dispose() => _folder.Delete(recursive: true);

    [RequiresFact(Requirement.Postgres)]
    public async Task Restart_WhatWasDecided_IsThere_AndNoFileHoldsIt()
    {
        await PrepareAsync();
        await using (var first = await StartAsync())
        {
            await using var link = await first.LinkAsync("edge-1");
            Assert.Equal(0, (await first.Admin.RemoveEdgeAsync("edge-2")).LinksEnded);
            await first.StopAsync();
        }

        Assert.False(File.Exists(Path.Combine(State, "grains.db")));
        await using var second = await StartAsync();
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var (answer, _) = await second.JoinAsync(await second.EdgeTokenAsync("edge-1"), "edge-1", key);
        Assert.Equal(Reason.AlreadyRegistered, (Reason)answer.Reason);
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_WithoutTheFile_AfterPostgres_Refuses()
    {
        await PrepareAsync();
        await using (await StartAsync())
        {
        }

        await AssertRefusedAsync(null, "are in PostgreSQL: name its file with --database-file");
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_WithTheFile_AfterSqlite_Refuses()
    {
        await PrepareAsync();
        File.WriteAllText(Path.Combine(State, "grains.db"), "");
        await AssertRefusedAsync(DatabaseFile, "start without --database-file");
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_DatabaseOfAnotherInstallation_Refuses()
    {
        var connection = await PrepareAsync();
        await using (await StartAsync())
        {
        }

        SiloInit.Create(Path.Combine(_folder.FullName, "other"), "silo-1", _time);
        var refusal = await Assert.ThrowsAsync<SiloStartException>(
            () => SiloUnderTest.StartAsync(_time, Path.Combine(_folder.FullName, "other"), DatabaseFile));
        Assert.Contains("belongs to installation", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(connection.Password ?? PostgresServer.Password, refusal.Message, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_NothingListens_SaysUnreachable()
    {
        await PrepareAsync(connection =>
        {
            connection.Host = "127.0.0.1";
            connection.Port = 1;
        });
        await AssertRefusedAsync(DatabaseFile, "127.0.0.1:1 can't be reached");
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_WrongPassword_SaysSoWithoutIt()
    {
        await PrepareAsync(connection =>
        {
            connection.Host = "127.0.0.1";
            connection.Password = "wrong-wombat";
        });
        await AssertRefusedAsync(DatabaseFile, "refuses the password of user 'uem'");
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_RightPassword_Serves()
    {
        await PrepareAsync(connection =>
        {
            connection.Host = "127.0.0.1";
            connection.Password = PostgresServer.Password;
        });
        await using var silo = await StartAsync();
        Assert.True(await silo.Admin.IsReadyAsync());
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_NoSuchDatabase_SaysHowToMakeIt()
    {
        await PrepareAsync(connection => connection.Database = "nowhere");
        await AssertRefusedAsync(DatabaseFile, "CREATE DATABASE nowhere OWNER uem");
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_NoRights_SaysHowToGiveThem()
    {
        var connection = await PrepareAsync();
        await server.RunSqlAsync("postgres", $"ALTER DATABASE {connection.Database} OWNER TO test_admin");
        await AssertRefusedAsync(DatabaseFile, $"ALTER DATABASE {connection.Database} OWNER TO uem");
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Start_NewerSchema_SaysUpdate()
    {
        var connection = await PrepareAsync();
        await using (var database = NpgsqlDataSource.Create(connection))
        {
            await using var command = database.CreateCommand(
                "CREATE TABLE uem_schema (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()); INSERT INTO uem_schema VALUES (1000, 'x')");
            await command.ExecuteNonQueryAsync();
        }

        await AssertRefusedAsync(DatabaseFile, "Update this silo's program");
    }

    private async Task<NpgsqlConnectionStringBuilder> PrepareAsync(Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        SiloInitIfMissing();
        var connection = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync());
        change?.Invoke(connection);
        StateFiles.Write(DatabaseFile, connection.ConnectionString);
        return connection;
    }

    private void SiloInitIfMissing()
    {
        if (!SiloState.Exists(State))
        {
            SiloInit.Create(State, "silo-1", _time);
        }
    }

    private Task<SiloUnderTest> StartAsync() => SiloUnderTest.StartAsync(_time, State, DatabaseFile, keepsDirectory: true);

    private async Task AssertRefusedAsync(string? databaseFile, string expected)
    {
        var refusal = await Assert.ThrowsAsync<SiloStartException>(() => SiloUnderTest.StartAsync(_time, State, databaseFile));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.DoesNotContain("wombat", refusal.ToString(), StringComparison.Ordinal);
    }
}
