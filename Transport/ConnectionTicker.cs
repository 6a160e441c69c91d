namespace OrleansUem.Transport;

/// <summary>
/// The one timer for the keep-alive and close limits of many connections: a connection at rest has no timer of its own. Ticks once a
/// second while there is a connection, which is how late a limit may be seen.
/// </summary>
public sealed class ConnectionTicker : IDisposable
{
    /// <summary>A fifth of the shortest keep-alive interval.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly HashSet<FrameConnection> _connections = [];
    private readonly List<FrameConnection> _walk = [];
    private int _isTicking;
    private bool _isDisposed;

    /// <param name="time">The clock.</param>
    public ConnectionTicker(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _timer = time.CreateTimer(static state => ((ConnectionTicker)state!).OnTick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer.Dispose();
    }

    internal void Add(FrameConnection connection)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_connections.Add(connection) && _connections.Count == 1)
            {
                _timer.Change(Period, Period);
            }
        }
    }

    internal void Remove(FrameConnection connection)
    {
        lock (_lock)
        {
            if (_connections.Remove(connection) && _connections.Count == 0 && !_isDisposed)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void OnTick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            // The tick before takes longer than the period; the next one makes up for it.
            return;
        }

        // Walked outside the lock: ending a connection may come back here to remove it.
        lock (_lock)
        {
            _walk.AddRange(_connections);
        }

        var now = _time.GetTimestamp();
        foreach (var connection in _walk)
        {
            connection.OnTick(now);
        }

        _walk.Clear();
        Volatile.Write(ref _isTicking, 0);
    }
}
