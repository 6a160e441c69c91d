namespace OrleansUem.Embedded;

/// <summary>A storage provider. A method may be called from any thread; what it stores is durable when its task is complete.</summary>
public interface IGrainStorage
{
    /// <summary>Reads a record into <paramref name="grainState"/>; without one it sets a new state, a null ETag and RecordExists = false.</summary>
    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Stores a record and sets the new ETag; throws <see cref="InconsistentStateException"/> when the ETag is not the stored one.</summary>
    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <summary>Empties a record; throws <see cref="InconsistentStateException"/> when the ETag is not the stored one.</summary>
    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
}
