namespace OrleansUem.Edge.Sessions;

/// <summary>So many in a second, with a burst. Thread-safe.</summary>
internal sealed class RateLimit
{
    private readonly Lock _lock = new();
    private readonly double _perSecond;
    private readonly double _burst;
    private readonly TimeProvider _time;
    private double _left;
    private long _last;

    /// <param name="perSecond">On average.</param>
    /// <param name="burst">At once after a rest, at least 1.</param>
    /// <param name="time">The clock.</param>
    public RateLimit(double perSecond, double burst, TimeProvider time)
    {
        _perSecond = perSecond;
        _left = _burst = burst;
        _time = time;
        _last = time.GetTimestamp();
    }

    public bool TryTake()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            _left = Math.Min(_burst, _left + (_time.GetElapsedTime(_last, now).TotalSeconds * _perSecond));
            _last = now;
            if (_left < 1)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
