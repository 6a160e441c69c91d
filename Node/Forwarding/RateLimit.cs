namespace OrleansUem.Node.Forwarding;

/// <summary>A token bucket on a caller's clock of milliseconds. Not for concurrent use.</summary>
internal sealed class RateLimit(int perSecond, int burst)
{
    private long _thousandths = burst * 1_000L;
    private long _filledAt = long.MinValue;

    public bool TryTake(long nowMilliseconds)
    {
        if (_filledAt != long.MinValue)
        {
            var passed = Math.Clamp(nowMilliseconds - _filledAt, 0, 3_600_000);
            _thousandths = Math.Min(_thousandths + passed * perSecond, burst * 1_000L);
        }

        _filledAt = nowMilliseconds;
        if (_thousandths < 1_000)
        {
            return false;
        }

        _thousandths -= 1_000;
        return true;
    }
}
