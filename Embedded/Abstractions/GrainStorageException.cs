namespace OrleansUem.Embedded;

/// <summary>
/// The database did not do what a grain asked: not reachable, too slow, full, without rights. After a failed write the record may hold either version; a write over the
/// old one then fails with <see cref="InconsistentStateException"/> and the grain starts anew. <see cref="Exception.InnerException"/> is the driver's.
/// </summary>
public sealed class GrainStorageException : OrleansException
{
    /// <summary>A failure without words.</summary>
    public GrainStorageException()
    {
    }

    /// <summary>A failure in words.</summary>
    public GrainStorageException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public GrainStorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
