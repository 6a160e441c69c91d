using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>Stores many states with one statement, prepared for one connection: one round trip and one fsync for all of them.</summary>
internal sealed class PostgresStateBatch : IAsyncDisposable
{
    // An update joins on the whole key and the version; what finds no row is not in the result. So is an insert of a row that is there.
    private const string Text = """
        WITH changes AS (
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY
                AS change (IdHash, TypeHash, N0, N1, TypeString, KeyText, Payload, OldVersion, Place)
        ), updated AS (
            UPDATE OrleansStorage AS stored
            SET PayloadBinary = Payload, ModifiedOn = now(), Version = stored.Version + 1
            FROM changes
            WHERE OldVersion > 0 AND GrainIdHash = IdHash AND GrainTypeHash = TypeHash AND GrainIdN0 = N0 AND GrainIdN1 = N1
                AND GrainTypeString = TypeString AND GrainIdExtensionString = KeyText AND ServiceId = $9 AND stored.Version = OldVersion
            RETURNING Place, stored.Version
        ), inserted AS (
            INSERT INTO OrleansStorage AS stored (
                GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainTypeString, GrainIdExtensionString, ServiceId, PayloadBinary, ModifiedOn, Version)
            SELECT IdHash, TypeHash, N0, N1, TypeString, KeyText, $9, Payload, now(), 1 FROM changes WHERE OldVersion = 0
            ON CONFLICT DO NOTHING
            RETURNING GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainTypeString, GrainIdExtensionString, stored.Version
        )
        SELECT Place, Version FROM updated
        UNION ALL
        SELECT Place, Version FROM inserted JOIN changes ON OldVersion = 0 AND GrainIdHash = IdHash AND GrainTypeHash = TypeHash AND GrainIdN0 = N0
            AND GrainIdN1 = N1 AND GrainTypeString = TypeString AND GrainIdExtensionString = KeyText
        """;

    private readonly PostgresRowKeys _keys = new();
    private readonly List<byte[]?> _payloads = [];
    private readonly List<int> _versions = [];
    private readonly NpgsqlCommand _command;

    private PostgresStateBatch(NpgsqlConnection connection, string serviceId)
    {
        _command = new NpgsqlCommand(Text, connection);
        _keys.AddTo(_command.Parameters);
        _command.Parameters.Add(new NpgsqlParameter<List<byte[]?>> { TypedValue = _payloads });
        _command.Parameters.Add(new NpgsqlParameter<List<int>> { TypedValue = _versions });
        _command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = serviceId });
    }

    internal static async Task<PostgresStateBatch> PrepareAsync(NpgsqlConnection connection, string serviceId)
    {
        var batch = new PostgresStateBatch(connection, serviceId);
        await batch._command.PrepareAsync();
        return batch;
    }

    /// <summary>Stores the changes, no row twice among them, and tells each its outcome; tells none when it throws.</summary>
    internal async Task RunAsync(IReadOnlyList<PostgresStateWrite> changes)
    {
        Fill(changes);
        var stored = new int?[changes.Count];
        await using (var reader = await _command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                stored[reader.GetInt64(0) - 1] = reader.GetInt32(1);
            }
        }

        for (var i = 0; i < stored.Length; i++)
        {
            changes[i].Stored(stored[i]);
        }
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private void Fill(IReadOnlyList<PostgresStateWrite> changes)
    {
        _keys.Clear();
        _payloads.Clear();
        _versions.Clear();
        foreach (var change in changes)
        {
            _keys.Add(change.Row);
            _payloads.Add(change.Payload);
            _versions.Add(change.Version);
        }
    }
}
