using System.Data.Common;
using Microsoft.Data.Sqlite;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Inventory;

/// <summary>The read model of a single silo, in a file of its own that may be deleted while the silo is stopped: it is filled again from the grains.</summary>
internal sealed class SqliteInventoryStore(string path) : InventoryStore
{
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _writer = new(1, 1);
    private SqliteConnection? _connection;

    /// <inheritdoc/>
    public override DbDataSource Readers { get; } = SqliteFactory.Instance.CreateDataSource(
        new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly }.ToString());

    /// <inheritdoc/>
    public override Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            Open();
            return Task.CompletedTask;
        }
        catch (SqliteException e)
        {
            throw new SiloStartException(
                $"The inventory {path} can't be used: {e.Message} It holds nothing that the silo doesn't know: remove the file and start again.", e);
        }
    }

    /// <inheritdoc/>
    public override Task<TimeSpan> CompareClockAsync(CancellationToken cancellationToken) => Task.FromResult(TimeSpan.Zero);

    /// <inheritdoc/>
    public override async Task<int> WriteAsync(IReadOnlyList<InventoryStatement> statements, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            var changed = 0;
            using var transaction = _connection!.BeginTransaction();
            foreach (var statement in statements.OrderBy(static statement => statement.Order, StringComparer.Ordinal))
            {
                changed += Run(statement, transaction);
            }

            transaction.Commit();
            return changed;
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>A value that does not fit a column: SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG.</summary>
    public override bool IsOfTheRow(DbException fault) => fault is SqliteException { SqliteErrorCode: 19 or 20 or 18 };

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        foreach (var command in _commands.Values)
        {
            await command.DisposeAsync();
        }

        _commands.Clear();
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
            _connection = null;
            using var pooled = new SqliteConnection(Readers.ConnectionString);
            SqliteConnection.ClearPool(pooled);
        }

        await Readers.DisposeAsync();
        _writer.Dispose();
    }

    private void Open()
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        StateFiles.Restrict(path);
        Execute(InventorySchema.Pragmas);
        using (var version = _connection.CreateCommand())
        {
            version.CommandText = "PRAGMA user_version";
            if (Convert.ToInt32(version.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture) != InventorySchema.Version)
            {
                Execute(InventorySchema.Drop);
            }
        }

        Execute(InventorySchema.Create);
        Execute($"PRAGMA user_version={InventorySchema.Version}");

        // Nobody else holds links: those of a run before are gone. Whoever is still attached says so at its next attach or LOCATE.
        Execute("UPDATE inventory_edges SET is_linked=0");
    }

    private int Run(InventoryStatement statement, SqliteTransaction transaction)
    {
        if (!_commands.TryGetValue(statement.Text, out var command))
        {
            command = _connection!.CreateCommand();
#pragma warning disable CA2100 // The texts are constants of this folder; values are parameters.
            command.CommandText = statement.Text;
#pragma warning restore CA2100
            command.Parameters.AddRange(statement.Parameters.Select(static parameter => new SqliteParameter("@" + parameter.Name, DBNull.Value)));
            _commands.Add(statement.Text, command);
        }

        command.Transaction = transaction;
        for (var i = 0; i < statement.Parameters.Count; i++)
        {
            command.Parameters[i].Value = statement.Parameters[i].Value ?? DBNull.Value;
        }

        return command.ExecuteNonQuery();
    }

    private void Execute(string text)
    {
        using var command = _connection!.CreateCommand();
#pragma warning disable CA2100 // The texts are constants.
        command.CommandText = text;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
