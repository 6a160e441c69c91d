namespace OrleansUem.Embedded.Storage;

/// <summary>One change that waits for the writer.</summary>
internal abstract class SqliteWrite
{
    /// <summary>Runs inside the writer's transaction, on its thread.</summary>
    internal abstract void Execute(SqliteCommands commands);

    /// <summary>The transaction is on the disk.</summary>
    internal abstract void Committed();

    /// <summary>The transaction was rolled back.</summary>
    internal abstract void Failed(Exception failure);
}
