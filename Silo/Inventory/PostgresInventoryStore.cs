using System.Data.Common;
using Npgsql;

namespace OrleansUem.Silo.Inventory;

/// <summary>
/// The read model that all silos of an installation share, in the database of their grains. Rows of one noun come from more than one silo when its grain moves: what
/// orders them is the noun's own version and, below it, the database's clock, which every writer compares its own with before it writes.
/// </summary>
internal sealed class PostgresInventoryStore(NpgsqlDataSource source, TimeProvider time) : InventoryStore
{
    /// <inheritdoc/>
    public override DbDataSource Readers => source;

    /// <summary>Nothing: the tables are those of the schema, which was brought up to date when the database was opened.</summary>
    public override Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override async Task<TimeSpan> CompareClockAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
        var theirs = (long)(await command.ExecuteScalarAsync(cancellationToken))!;

        // Late by the way back, so by less than what moves a grain from one silo to another.
        return DateTimeOffset.FromUnixTimeMilliseconds(theirs) - time.GetUtcNow();
    }

    /// <inheritdoc/>
    public override async Task<int> WriteAsync(IReadOnlyList<InventoryStatement> statements, CancellationToken cancellationToken)
    {
        if (statements.Count == 0)
        {
            return 0;
        }

        await using var batch = source.CreateBatch();
        foreach (var statement in statements.OrderBy(static statement => statement.Order, StringComparer.Ordinal))
        {
            var command = new NpgsqlBatchCommand(statement.Text);
            foreach (var (name, value) in statement.Parameters)
            {
                command.Parameters.AddWithValue(name, value ?? DBNull.Value);
            }

            batch.BatchCommands.Add(command);
        }

        // One round trip, and without an error in between one transaction.
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Data exceptions and broken constraints (PostgreSQL, appendix A: classes 22 and 23).</summary>
    public override bool IsOfTheRow(DbException fault) => fault is PostgresException postgres && postgres.SqlState[..2] is ("22" or "23");

    /// <summary>The source is the database's own.</summary>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
