using System.Globalization;

namespace OrleansUem.Embedded.Storage;

/// <summary>Grain states in the table OrleansStorage; the ETag is the row's version.</summary>
internal sealed class PostgresGrainStorage(PostgresReader reader, PostgresWriter writer) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = await reader.ReadAsync(StorageRow.Of(stateName, grainId));
        var payload = found?.Payload;
        grainState.State = payload is null ? default : GrainStateJson.Deserialize<T>(payload);
        grainState.RecordExists = payload is not null;
        grainState.ETag = ToEtag(found?.Version);
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
        if (grainState.ETag is not null)
        {
            grainState.ETag = await StoreAsync(stateName, grainId, grainState.ETag, null);
        }
        else if (await reader.ReadAsync(StorageRow.Of(stateName, grainId)) is { } found)
        {
            throw Changed(stateName, grainId, found.Version, null);
        }

        // Clearing what was never stored stores nothing.
        grainState.RecordExists = false;
        grainState.State = default;
    }

    private async Task<string> StoreAsync(string stateName, GrainId grainId, string? etag, byte[]? payload)
    {
        var row = StorageRow.Of(stateName, grainId);
        var version = etag is null ? PostgresStateWrite.NoVersion : int.Parse(etag, CultureInfo.InvariantCulture);
        return await writer.WriteAsync(row, payload, version) is { } stored
            ? ToEtag(stored)!
            : throw Changed(stateName, grainId, (await reader.ReadAsync(row))?.Version, etag);
    }

    private static InconsistentStateException Changed(string stateName, GrainId grainId, int? stored, string? etag) =>
        new($"The record of state {stateName} of {grainId} has changed", ToEtag(stored), etag);

    private static string? ToEtag(int? version) => version?.ToString(CultureInfo.InvariantCulture);
}
