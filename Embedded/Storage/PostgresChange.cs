namespace OrleansUem.Embedded.Storage;

/// <summary>A change that waits for the writer.</summary>
internal abstract class PostgresChange
{
    /// <summary>It was not stored, or nobody knows.</summary>
    internal abstract void Failed(Exception failure);
}
