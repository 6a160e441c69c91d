namespace OrleansUem.Silo.Inventory;

/// <summary>Makes the texts of statements once, in the SQL that SQLite and PostgreSQL share.</summary>
internal static class InventorySql
{
    /// <summary>Puts a row in, over one with an earlier (version, at) only.</summary>
    /// <param name="table">The table.</param>
    /// <param name="keys">The columns of its key.</param>
    /// <param name="columns">The other columns, at and version among them; each takes the new row's value.</param>
    /// <param name="assignments">As <c>column = expression</c>, what a column takes instead.</param>
    public static string Upsert(string table, string[] keys, string[] columns, params string[] assignments) =>
        Put(table, keys, columns, assignments, $"(excluded.version, excluded.at) >= ({table}.version, {table}.at)");

    /// <summary>Puts a row in that was read from a grain's stored state: over whatever was told before it was read, whatever version that claims.</summary>
    /// <param name="table">The table.</param>
    /// <param name="keys">The columns of its key.</param>
    /// <param name="columns">The other columns that a new row has.</param>
    /// <param name="assignments">As <c>column = expression</c>, what a column takes instead.</param>
    public static string Restore(string table, string[] keys, string[] columns, params string[] assignments) =>
        Put(table, keys, columns, assignments, $"excluded.at > {table}.at");

    private static string Put(string table, string[] keys, string[] columns, string[] assignments, string condition)
    {
        string[] all = [.. keys, .. columns];
        var plain = columns
            .Where(column => !assignments.Any(assignment => assignment.StartsWith(column + " =", StringComparison.Ordinal)))
            .Select(static column => $"{column} = excluded.{column}");
        return $"INSERT INTO {table} ({string.Join(", ", all)}) VALUES ({string.Join(", ", all.Select(static column => "@" + column))}) "
            + $"ON CONFLICT ({string.Join(", ", keys)}) DO UPDATE SET {string.Join(", ", [.. plain, .. assignments])} WHERE {condition}";
    }
}
