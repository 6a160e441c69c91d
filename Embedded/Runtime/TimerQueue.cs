namespace OrleansUem.Embedded.Runtime;

/// <summary>All timers of a host on one system timer: a binary heap by due time. It never polls.</summary>
internal sealed class TimerQueue : IDisposable
{
    // The system timer takes at most about 49 days; a far due time is reached in steps.
    private static readonly TimeSpan ArmMax = TimeSpan.FromDays(1);

    // A shorter due time could fire inside the call that sets it.
    private static readonly TimeSpan ArmMin = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly List<TimerEntry> _heap = [];
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _armedStamp = long.MaxValue;
    private bool _disposed;

    internal TimerQueue(TimeProvider time)
    {
        _time = time;
        using (ExecutionContext.SuppressFlow())
        {
            _timer = time.CreateTimer(
                static state => ((TimerQueue)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Queues the entry, or moves it if it is queued.</summary>
    internal void Set(TimerEntry entry, TimeSpan due)
    {
        if (due <= TimeSpan.Zero)
        {
            Cancel(entry);
            ThreadPool.UnsafeQueueUserWorkItem(static entry => entry.Fire(), entry, preferLocal: false);
            return;
        }

        // Anything beyond a century is never.
        var seconds = Math.Min(due.TotalSeconds, 3.2e9);
        SetAt(entry, _time.GetTimestamp() + (long)(seconds * _time.TimestampFrequency));
    }

    internal void SetAt(TimerEntry entry, long dueStamp)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            RemoveLocked(entry);
            entry.DueStamp = dueStamp;
            entry.Index = _heap.Count;
            _heap.Add(entry);
            Rise(entry.Index);
            ArmLocked();
        }
    }

    internal void Cancel(TimerEntry entry)
    {
        lock (_lock)
        {
            RemoveLocked(entry);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _heap.Clear();
        }

        _timer.Dispose();
    }

    private void OnTimer()
    {
        List<TimerEntry>? due = null;
        lock (_lock)
        {
            _armedStamp = long.MaxValue;
            var now = _time.GetTimestamp();
            while (_heap.Count > 0 && _heap[0].DueStamp <= now)
            {
                (due ??= []).Add(_heap[0]);
                RemoveLocked(_heap[0]);
            }

            ArmLocked();
        }

        foreach (var entry in due ?? [])
        {
            entry.Fire();
        }
    }

    private void ArmLocked()
    {
        if (_heap.Count == 0 || _heap[0].DueStamp >= _armedStamp || _disposed)
        {
            return;
        }

        _armedStamp = _heap[0].DueStamp;
        var wait = _time.GetElapsedTime(_time.GetTimestamp(), _armedStamp);

        // The system timer counts milliseconds; rounding up saves a wake-up that comes too early.
        wait = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
        _timer.Change(wait < ArmMin ? ArmMin : wait > ArmMax ? ArmMax : wait, Timeout.InfiniteTimeSpan);
    }

    private void RemoveLocked(TimerEntry entry)
    {
        var index = entry.Index;
        if (index < 0)
        {
            return;
        }

        entry.Index = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (ReferenceEquals(last, entry))
        {
            return;
        }

        _heap[index] = last;
        last.Index = index;
        Sink(index);
        Rise(last.Index);
    }

    private void Rise(int index)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (_heap[parent].DueStamp <= _heap[index].DueStamp)
            {
                return;
            }

            Swap(parent, index);
            index = parent;
        }
    }

    private void Sink(int index)
    {
        while (true)
        {
            var least = index;
            for (var child = (2 * index) + 1; child <= (2 * index) + 2 && child < _heap.Count; child++)
            {
                least = _heap[child].DueStamp < _heap[least].DueStamp ? child : least;
            }

            if (least == index)
            {
                return;
            }

            Swap(least, index);
            index = least;
        }
    }

    private void Swap(int left, int right)
    {
        (_heap[left], _heap[right]) = (_heap[right], _heap[left]);
        _heap[left].Index = left;
        _heap[right].Index = right;
    }
}
