using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Database;

/// <summary>One PostgreSQL database for all silos of the installation.</summary>
internal sealed partial class PostgresSiloDatabase : SiloDatabase
{
    private readonly NpgsqlConnectionStringBuilder _connection;

    private PostgresSiloDatabase(NpgsqlConnectionStringBuilder connection, NpgsqlDataSource source)
    {
        _connection = connection;
        Source = source;
    }

    /// <summary>Hands out connections; owned by this object. The tables are those of this program's version.</summary>
    public NpgsqlDataSource Source { get; }

    /// <inheritdoc/>
    public override string Description => $"PostgreSQL database '{_connection.Database}' at {PostgresFaults.ServerOf(_connection)}";

    /// <summary>Connects, brings the tables up to date and checks that they are this installation's.</summary>
    /// <exception cref="SiloStartException">One of these failed.</exception>
    public static async Task<PostgresSiloDatabase> OpenAsync(
        string file, SiloState state, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var connection = DatabaseFile.Read(file, state.Name.Text);
        var source = Build(connection, loggers);
        var database = new PostgresSiloDatabase(connection, source);
        try
        {
            var logger = loggers.CreateLogger<PostgresSiloDatabase>();
            foreach (var applied in await SchemaMigrations.ApplyAsync(source, SchemaMigrations.All, cancellationToken))
            {
                LogApplied(logger, applied.Name);
            }

            await database.ClaimAsync(state.Installation.Text, cancellationToken);
            LogOpened(logger, database.Description, SchemaMigrations.All[^1].Version);
            return database;
        }
        catch (Exception e)
        {
            await source.DisposeAsync();
            if (e is NpgsqlException or TimeoutException)
            {
                throw PostgresFaults.Describe(e, connection);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public override async Task CheckAsync(CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand("SELECT 1");
        await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => Source.DisposeAsync();

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder connection, ILoggerFactory loggers)
    {
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = "uem" };
        builder.UseLoggerFactory(loggers);
        builder.EnableParameterLogging(false);
        return builder.Build();
    }

    // The first silo writes its installation in; a silo of another one must not take these grains for its own.
    private async Task ClaimAsync(string installation, CancellationToken cancellationToken)
    {
        await using var claim = Source.CreateCommand("INSERT INTO uem_installation (id) VALUES (@id) ON CONFLICT DO NOTHING");
        claim.Parameters.AddWithValue("id", installation);
        await claim.ExecuteNonQueryAsync(cancellationToken);
        await using var read = Source.CreateCommand("SELECT id FROM uem_installation");
        var owner = (string?)await read.ExecuteScalarAsync(cancellationToken);
        if (owner != installation)
        {
            throw new SiloStartException(
                $"{Description} belongs to installation {owner}, this silo to {installation}. A further silo of an installation is made with 'uem silo init --like'; another installation needs another database.");
        }
    }

    [LoggerMessage(5100, LogLevel.Information, "Schema {Name} is applied.")]
    private static partial void LogApplied(ILogger logger, string name);

    [LoggerMessage(5101, LogLevel.Information, "{Database} is open, schema {Version}.")]
    private static partial void LogOpened(ILogger logger, string database, int version);
}
