using System.Collections.Concurrent;
using System.Globalization;

namespace OrleansUem.Embedded.Storage;

/// <summary>States that end with the process; for tests. They pass through JSON, as in a database.</summary>
public sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string StateName, GrainId GrainId), Row> _rows = new();

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        var row = _rows.GetValueOrDefault((stateName, grainId));
        grainState.State = row?.Json is null ? default : GrainStateJson.Deserialize<T>(row.Json);
        grainState.RecordExists = row?.Json is not null;
        grainState.ETag = row?.Version.ToString(CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        if (Store(stateName, grainId, grainState.ETag, GrainStateJson.Serialize(grainState.State), out var result))
        {
            grainState.ETag = result;
            grainState.RecordExists = true;
            return Task.CompletedTask;
        }

        return Task.FromException(new InconsistentStateException($"Write of {stateName} of {grainId}", result, grainState.ETag));
    }

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ArgumentNullException.ThrowIfNull(grainState);
        var isNew = grainState.ETag is null && !_rows.ContainsKey((stateName, grainId));
        string? result = null;
        if (isNew || Store(stateName, grainId, grainState.ETag, null, out result))
        {
            grainState.ETag = result;
            grainState.RecordExists = false;
            grainState.State = default;
            return Task.CompletedTask;
        }

        return Task.FromException(new InconsistentStateException($"Clear of {stateName} of {grainId}", result, grainState.ETag));
    }

    // True and the new version, or false and the stored one.
    private bool Store(string stateName, GrainId grainId, string? etag, byte[]? json, out string? version)
    {
        var key = (stateName, grainId);
        var old = _rows.GetValueOrDefault(key);
        var row = new Row(json, (old?.Version ?? 0) + 1);
        var isStored = old?.Version.ToString(CultureInfo.InvariantCulture) == etag
            && (old is null ? _rows.TryAdd(key, row) : _rows.TryUpdate(key, row, old));
        version = (isStored ? row : old)?.Version.ToString(CultureInfo.InvariantCulture);
        return isStored;
    }

    private sealed record Row(byte[]? Json, int Version);
}
