using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using OrleansUem.Silo.Database;

namespace OrleansUem.Silo.Inventory;

/// <summary>Reads the stored states of all grains of a kind, in pages and without waking a grain. The table is Orleans' own form in both databases.</summary>
internal sealed class GrainStateRows(SiloDatabase database)
{
    /// <summary>Rows of a page; as many as one LOCATE takes.</summary>
    public const int PageRows = 1_000;

    // The index of both databases begins with the hash of the key.
    private const string Text = """
        SELECT GrainIdHash, GrainIdN0, GrainIdN1, COALESCE(GrainIdExtensionString, ''), PayloadBinary
        FROM OrleansStorage
        WHERE GrainTypeString = @type AND ServiceId = 'uem' AND PayloadBinary IS NOT NULL
            AND GrainIdHash >= @hash AND (GrainIdHash, GrainIdN0, GrainIdN1, COALESCE(GrainIdExtensionString, '')) > (@hash, @n0, @n1, @text)
        ORDER BY GrainIdHash, GrainIdN0, GrainIdN1, COALESCE(GrainIdExtensionString, '')
        LIMIT @limit
        """;

    /// <summary>All pages of a kind.</summary>
    /// <param name="state">The name of the state: that of its [PersistentState].</param>
    /// <param name="clock">The rows' clock, asked before each page: a grain that changes after it tells a later row, and its page may or may not have the change.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The time before each page, and the page.</returns>
    /// <exception cref="DbException">The database failed.</exception>
    public async IAsyncEnumerable<(long At, IReadOnlyList<StoredGrain> Grains)> ReadAsync(
        string state, Func<CancellationToken, Task<long>> clock, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = (Hash: int.MinValue, N0: long.MinValue, N1: long.MinValue, Text: "");
        while (true)
        {
            var page = new List<StoredGrain>();
            var at = await clock(cancellationToken);
            await using (var connection = await OpenAsync(cancellationToken))
            {
                await using var command = connection.CreateCommand();
                command.CommandText = Text;
                Add(command, "type", state);
                Add(command, "hash", last.Hash);
                Add(command, "n0", last.N0);
                Add(command, "n1", last.N1);
                Add(command, "text", last.Text);
                Add(command, "limit", PageRows);
                await using var rows = await command.ExecuteReaderAsync(cancellationToken);
                while (await rows.ReadAsync(cancellationToken))
                {
                    last = (rows.GetInt32(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetString(3));
                    page.Add(new StoredGrain(KeyOf(last.N0, last.N1, last.Text), rows.GetFieldValue<byte[]>(4)));
                }
            }

            if (page.Count > 0)
            {
                yield return (at, page);
            }

            if (page.Count < PageRows)
            {
                yield break;
            }
        }
    }

    /// <summary>The way back from Orleans' columns: a key that reads as a number or a Guid stands in two numbers, any other as it is.</summary>
    internal static string KeyOf(long n0, long n1, string text)
    {
        if (text.Length > 0)
        {
            return text;
        }

        if (n0 == 0)
        {
            return n1.ToString("X", CultureInfo.InvariantCulture);
        }

        Span<byte> parts = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(parts, n0);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(parts[8..], n1);
        return new Guid(parts).ToString("N");
    }

    private async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        DbConnection connection = database switch
        {
            PostgresSiloDatabase postgres => postgres.Source.CreateConnection(),
            SqliteSiloDatabase sqlite => new SqliteConnection(
                new SqliteConnectionStringBuilder { DataSource = sqlite.GrainsPath, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString()),
            _ => throw new InvalidOperationException($"{database.GetType().Name} holds no grains."),
        };
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = "@" + name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
