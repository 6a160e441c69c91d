using System.Globalization;

namespace OrleansUem.Embedded.Storage;

/// <summary>Grain states in the table OrleansStorage; the ETag is the row's version.</summary>
internal sealed class SqliteGrainStorage(SqliteDatabase database) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = database.Read(StorageRow.Of(stateName, grainId), static (commands, row) => commands.Read(row));
        var payload = found?.Payload;
        grainState.State = payload is null ? default : GrainStateJson.Deserialize<T>(payload);
        grainState.RecordExists = payload is not null;
        grainState.ETag = found?.Version.ToString(CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // The state is read here, in the grain's turn: it may change before the writer runs.
        var payload = GrainStateJson.Serialize(grainState.State);
        grainState.ETag = await StoreAsync(stateName, grainId, grainState.ETag, payload);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        grainState.ETag = await StoreAsync(stateName, grainId, grainState.ETag, null);
        grainState.RecordExists = false;
        grainState.State = default;
    }

    private async Task<string?> StoreAsync(string stateName, GrainId grainId, string? etag, byte[]? payload)
    {
        var row = StorageRow.Of(stateName, grainId);
        int? version = etag is null ? null : int.Parse(etag, CultureInfo.InvariantCulture);
        var now = database.Time.GetUtcNow();
        var (isStored, stored) = await database.WriteAsync(commands =>
        {
            // Clearing what was never stored stores nothing.
            if (payload is null && version is null)
            {
                var found = commands.Read(row)?.Version;
                return (IsStored: found is null, Stored: found);
            }

            return commands.Write(row, payload, version, now)
                ? (IsStored: true, Stored: (version ?? 0) + 1)
                : (IsStored: false, Stored: commands.Read(row)?.Version);
        });
        var storedEtag = stored?.ToString(CultureInfo.InvariantCulture);
        return isStored
            ? storedEtag
            : throw new InconsistentStateException($"The record of state {stateName} of {grainId} has changed", storedEtag, etag);
    }
}
