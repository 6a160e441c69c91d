namespace OrleansUem.Edge.Paths;

/// <summary>
/// Which way a session's datagrams go. One for the session's life, so that routes keep it and need not ask the session for each frame. Read without a lock: a target is replaced, never changed.
/// </summary>
internal sealed class DataPath
{
    private PathTarget? _target;

    /// <summary>Where they go over UDP; null: they are queued for the TLS connection.</summary>
    public PathTarget? Target
    {
        get => Volatile.Read(ref _target);
        set => Volatile.Write(ref _target, value);
    }
}
