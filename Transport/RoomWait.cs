namespace OrleansUem.Transport;

/// <summary>A thread that waits until a channel of a <see cref="SendQueue"/> has room. One at a time.</summary>
internal sealed class RoomWait
{
    private readonly object _monitor = new();
    private int _count;

    /// <summary>Whether somebody waits; with <see cref="Channel"/> guarded by the queue's lock.</summary>
    public bool IsAwaited { get; private set; }

    public uint Channel { get; private set; }

    /// <returns>For <see cref="Wait"/>.</returns>
    public int BeginLocked(uint channel)
    {
        IsAwaited = true;
        Channel = channel;
        return Volatile.Read(ref _count);
    }

    /// <returns>Itself.</returns>
    public RoomWait EndLocked()
    {
        IsAwaited = false;
        return this;
    }

    /// <summary>Waits, outside the queue's lock.</summary>
    /// <returns>False when the time is over first.</returns>
    public bool Wait(int before, TimeSpan timeout)
    {
        lock (_monitor)
        {
            return _count != before || Monitor.Wait(_monitor, timeout);
        }
    }

    /// <summary>Ends the wait.</summary>
    public void Tell()
    {
        lock (_monitor)
        {
            _count++;
            Monitor.PulseAll(_monitor);
        }
    }
}
