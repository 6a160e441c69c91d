using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>A change that is a statement of its own.</summary>
internal abstract class PostgresStatement : PostgresChange
{
    internal abstract Task RunAsync(NpgsqlConnection connection);
}
