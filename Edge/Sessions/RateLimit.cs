namespace OrleansUem.Edge.Sessions;

/// <summary>So many in a second, with a burst. Thread-safe.</summary>
internal sealed class RateLimit
{
    // A clock's ticks and a fraction of a token both round down.
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(1);

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

    public bool TryTake() => TryTake(out _);

    /// <summary>Takes one.</summary>
    /// <param name="wait">With false: after this time there is one, unless somebody else took it.</param>
    public bool TryTake(out TimeSpan wait)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            _left = Math.Min(_burst, _left + (_time.GetElapsedTime(_last, now).TotalSeconds * _perSecond));
            _last = now;
            if (_left < 1)
            {
                wait = TimeSpan.FromSeconds((1 - _left) / _perSecond) + Rounding;
                return false;
            }

            wait = TimeSpan.Zero;
            _left--;
            return true;
        }
    }
}
