namespace OrleansUem.Protocol.Queues;

/// <summary>
/// So much in a second on average, and a burst after a rest. Full at first. Pure; time is that of any monotonic clock, and one that goes back fills nothing. Not for concurrent use.
/// </summary>
public sealed class TokenBucket
{
    // Clocks and sums round: a token that lacks a thousandth is there. What is taken too early is missing later.
    private const double Rounding = 1e-3;

    private readonly double _perSecond;
    private readonly double _burst;
    private double _left;
    private TimeSpan? _filledAt;

    /// <param name="perSecond">Tokens that come back in a second, above zero.</param>
    /// <param name="burst">Tokens at most, at least 1.</param>
    public TokenBucket(double perSecond, double burst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _perSecond = perSecond;
        _left = _burst = burst;
    }

    /// <summary>Takes tokens, or none when there are too few.</summary>
    /// <param name="now">The time.</param>
    /// <param name="tokens">How many, not negative; more than the burst never succeeds.</param>
    public bool TryTake(TimeSpan now, double tokens = 1)
    {
        if (_filledAt is not { } before || now > before)
        {
            _left = Math.Min(_burst, _left + ((now - (_filledAt ?? now)).TotalSeconds * _perSecond));
            _filledAt = now;
        }

        if (_left + Rounding < tokens)
        {
            return false;
        }

        _left -= tokens;
        return true;
    }

    /// <summary>The time until there are so many tokens, unless some are taken before; zero when there are.</summary>
    /// <param name="now">The time.</param>
    /// <param name="tokens">How many, at most the burst.</param>
    public TimeSpan TimeUntil(TimeSpan now, double tokens = 1)
    {
        var there = _left + (_filledAt is { } before && now > before ? (now - before).TotalSeconds * _perSecond : 0);
        return TimeSpan.FromSeconds(Math.Max(0, tokens - there) / _perSecond);
    }
}
