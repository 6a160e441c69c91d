namespace OrleansUem.Embedded;

/// <summary>A state that lives in storage.</summary>
/// <typeparam name="TState">The type of the state.</typeparam>
public interface IStorage<TState>
{
    /// <summary>The state in memory; a new object when there is no record.</summary>
    TState State { get; set; }

    /// <summary>The version of the record that was read or written last.</summary>
    string? Etag { get; }

    /// <summary>Whether storage holds a record.</summary>
    bool RecordExists { get; }

    /// <summary>Removes the record. Durable on return.</summary>
    Task ClearStateAsync();

    /// <summary>Stores the state. Durable on return; fails with <see cref="InconsistentStateException"/> when the record is not the one that was read.</summary>
    Task WriteStateAsync();

    /// <summary>Reads the record again.</summary>
    Task ReadStateAsync();

    /// <summary>Removes the record. Durable on return.</summary>
    Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

    /// <summary>Stores the state. Durable on return.</summary>
    Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

    /// <summary>Reads the record again.</summary>
    Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
}
