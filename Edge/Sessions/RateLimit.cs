using OrleansUem.Protocol.Queues;

namespace OrleansUem.Edge.Sessions;

/// <summary>A <see cref="TokenBucket"/> by the edge's clock. Thread-safe.</summary>
/// <param name="perSecond">On average.</param>
/// <param name="burst">At once after a rest, at least 1.</param>
/// <param name="time">The clock.</param>
internal sealed class RateLimit(double perSecond, double burst, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly TokenBucket _bucket = new(perSecond, burst);
    private readonly long _origin = time.GetTimestamp();

    public bool TryTake() => TryTake(out _);

    /// <summary>Takes one.</summary>
    /// <param name="wait">With false: after this time there is one, unless somebody else took it.</param>
    public bool TryTake(out TimeSpan wait)
    {
        lock (_lock)
        {
            var now = time.GetElapsedTime(_origin);
            var isTaken = _bucket.TryTake(now);
            wait = isTaken ? TimeSpan.Zero : _bucket.TimeUntil(now);
            return isTaken;
        }
    }
}
