namespace OrleansUem.Transport;

/// <summary>
/// A connection whose peer has not proven yet that it belongs here: first TLS is open, then who the peer is. Its owner says when it waits for the peer, because only then may it be closed
/// to make room for a newer one, and when the peer is admitted. Thread-safe.
/// </summary>
public sealed class PendingConnection
{
    private readonly PendingConnections _table;
    private Action? _onDisplaced;
    private volatile bool _isDisplaced;

    internal PendingConnection(PendingConnections table, ulong address)
    {
        _table = table;
        Address = address;
        WaitingNode = new LinkedListNode<PendingConnection>(this);
        AddressNode = new LinkedListNode<PendingConnection>(this);
    }

    /// <summary>Whether it was closed to make room.</summary>
    public bool IsDisplaced
    {
        get => _isDisplaced;
        internal set => _isDisplaced = value;
    }

    internal ulong Address { get; }

    /// <summary>In the table's list of those that wait for their peer.</summary>
    internal LinkedListNode<PendingConnection> WaitingNode { get; private set; }

    /// <summary>In the address's list.</summary>
    internal LinkedListNode<PendingConnection> AddressNode { get; private set; }

    internal long WaitingSince { get; set; }

    /// <summary>Whether it is in the table; only then it has its nodes.</summary>
    internal bool IsIn { get; private set; } = true;

    /// <summary>The next step is the peer's.</summary>
    public void AwaitPeer() => _table.SetWaiting(this, isWaiting: true);

    /// <summary>The peer did its step; ours is next.</summary>
    public void HeardPeer() => _table.SetWaiting(this, isWaiting: false);

    /// <summary>The connection counts as pending no more: it is admitted, or over. Idempotent.</summary>
    public void Leave()
    {
        _table.Remove(this);
        Volatile.Write(ref _onDisplaced, null);
    }

    /// <summary>Says how to end the connection when it has to make room; at once when it was displaced already.</summary>
    /// <param name="end">Must not block. Called at most once for each call of this method.</param>
    public void OnDisplaced(Action end)
    {
        ArgumentNullException.ThrowIfNull(end);
        // A full fence, as in Displace: one of both sees what the other wrote.
        Interlocked.Exchange(ref _onDisplaced, end);
        if (IsDisplaced)
        {
            Displace();
        }
    }

    /// <summary>Out of the table: what is kept as long as the connection is small.</summary>
    internal void MarkOut()
    {
        IsIn = false;
        WaitingNode = null!;
        AddressNode = null!;
    }

    internal void Displace() => Interlocked.Exchange(ref _onDisplaced, null)?.Invoke();
}
