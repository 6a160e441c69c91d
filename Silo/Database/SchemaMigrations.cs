using System.Globalization;
using System.Reflection;
using Npgsql;

namespace OrleansUem.Silo.Database;

/// <summary>
/// The tables of an installation in PostgreSQL, as numbered files of this assembly (<c>Database/Schema/NNNN-name.sql</c>). A file that was released never
/// changes: what comes after is a new file. Every silo applies at its start what is missing, all in one transaction.
/// </summary>
internal static class SchemaMigrations
{
    // Of every lock that anybody takes in this database: "uem schema" in ASCII, cut to eight bytes. Two silos that start together take turns.
    private const long LockKey = 0x75656D2073636865;

    private const int LockSeconds = 30;

    // A change of a large table may take minutes.
    private const int ChangeSeconds = 600;

    private const string Folder = "OrleansUem.Silo.Database.Schema.";

    /// <summary>The files in order.</summary>
    public static IReadOnlyList<SchemaMigration> All { get; } = Load();

    /// <summary>Brings the database to this program's version.</summary>
    /// <returns>The files that were applied.</returns>
    /// <exception cref="SiloStartException">The database is of a newer program.</exception>
    /// <exception cref="NpgsqlException">The database failed; nothing was changed.</exception>
    public static async Task<IReadOnlyList<SchemaMigration>> ApplyAsync(
        NpgsqlDataSource database, IReadOnlyList<SchemaMigration> migrations, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, $"SET LOCAL lock_timeout = '{LockSeconds}s'", cancellationToken);
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
        await RunAsync(connection, "SET LOCAL lock_timeout = DEFAULT", cancellationToken);
        var version = await ReadVersionAsync(connection, cancellationToken);
        var newest = migrations[^1].Version;
        if (version > newest)
        {
            throw new SiloStartException(
                $"The database has schema {version}, this program knows up to {newest}: it is of a newer version. Update this silo's program.");
        }

        var missing = migrations.Where(migration => migration.Version > version).ToList();
        foreach (var migration in missing)
        {
            await RunAsync(connection, migration.Text, cancellationToken);
            await using var note = new NpgsqlCommand("INSERT INTO uem_schema (version, name) VALUES (@version, @name)", connection);
            note.Parameters.AddWithValue("version", migration.Version);
            note.Parameters.AddWithValue("name", migration.Name);
            await note.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return missing;
    }

    // A database that is up to date is only read: its owner may take the right to make tables away again.
    private static async Task<int> ReadVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('uem_schema') IS NOT NULL", connection);
        if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken))!)
        {
            await RunAsync(
                connection,
                "CREATE TABLE uem_schema (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
                cancellationToken);
            return 0;
        }

        await using var newest = new NpgsqlCommand("SELECT COALESCE(max(version), 0) FROM uem_schema", connection);
        return (int)(await newest.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The texts are resources and constants of this assembly.
        await using var command = new NpgsqlCommand(text, connection) { CommandTimeout = ChangeSeconds };
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static List<SchemaMigration> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Read(assembly, name))];
    }

    private static SchemaMigration Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var name = resource[Folder.Length..^".sql".Length];
        var version = int.Parse(name[..name.IndexOf('-', StringComparison.Ordinal)], NumberStyles.None, CultureInfo.InvariantCulture);
        return new SchemaMigration(version, name, reader.ReadToEnd());
    }
}
