namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// One timer for all tunnels of a process: a heap of deadlines and one timer of the <see cref="TimeProvider"/>, armed for the earliest. An entry whose tunnel
/// has moved its deadline back is found out when it comes up, so that traffic moves deadlines without touching the heap.
/// </summary>
public sealed class TunnelTimer : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<SecureTunnel, long> _deadlines = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly long _origin;
    private long _armedFor = long.MaxValue;

    public TunnelTimer(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _origin = time.GetTimestamp();
        _timer = time.CreateTimer(static timer => ((TunnelTimer)timer!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Milliseconds since this timer was made; monotonic.</summary>
    public long NowMilliseconds => (long)_time.GetElapsedTime(_origin).TotalMilliseconds;

    internal TimeProvider Time => _time;

    /// <summary>Deadlines in the heap, outdated ones included; 0 when every tunnel is idle.</summary>
    public int PendingCount
    {
        get
        {
            lock (_lock)
            {
                return _deadlines.Count;
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Called inside the tunnel's lock; takes no lock but its own.</summary>
    internal void Schedule(SecureTunnel tunnel, long dueMilliseconds)
    {
        lock (_lock)
        {
            _deadlines.Enqueue(tunnel, dueMilliseconds);
            Arm();
        }
    }

    private void Fire()
    {
        lock (_lock)
        {
            _armedFor = long.MaxValue;
        }

        while (TryTakeDue(out var tunnel, out var dueMilliseconds))
        {
            tunnel.OnTimer(dueMilliseconds);
        }
    }

    private bool TryTakeDue(out SecureTunnel tunnel, out long dueMilliseconds)
    {
        lock (_lock)
        {
            if (_deadlines.TryPeek(out tunnel!, out dueMilliseconds) && dueMilliseconds <= NowMilliseconds)
            {
                _deadlines.Dequeue();
                return true;
            }

            Arm();
            return false;
        }
    }

    // Whoever adds or removes the earliest deadline arms for it; a timer never runs for an empty heap.
    private void Arm()
    {
        if (_deadlines.TryPeek(out _, out var dueMilliseconds) && dueMilliseconds < _armedFor)
        {
            _armedFor = dueMilliseconds;
            var wait = Math.Clamp(dueMilliseconds - NowMilliseconds + 1, 1, int.MaxValue);
            _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }
    }
}
