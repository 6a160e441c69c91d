namespace OrleansUem.Embedded;

/// <summary>The plain form of <see cref="IGrainState{T}"/>.</summary>
/// <typeparam name="T">The type of the state.</typeparam>
public sealed class GrainState<T> : IGrainState<T>
{
    /// <summary>An empty state without a record.</summary>
    public GrainState()
    {
    }

    /// <summary>A state without a record.</summary>
    public GrainState(T? state) => State = state;

    /// <summary>A state of a given version.</summary>
    public GrainState(T? state, string? eTag)
    {
        State = state;
        ETag = eTag;
    }

    /// <inheritdoc/>
    public T? State { get; set; }

    /// <inheritdoc/>
    public string? ETag { get; set; }

    /// <inheritdoc/>
    public bool RecordExists { get; set; }
}
