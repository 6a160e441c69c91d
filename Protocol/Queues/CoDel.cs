namespace OrleansUem.Protocol.Queues;

/// <summary>
/// Controlled delay (RFC 8289): tells by how long things waited whether a queue only takes up bursts or stands. Of a standing one it has something dropped, more often the longer it stands, until senders slow
/// down. A pure machine, asked for each thing that is taken from the queue; times are those of any monotonic clock. Not for concurrent use.
/// <code>
///             waited &lt; target, or nothing behind it
///        +-----------------------------------------------+
///        v                                               |
///     Passing --- waited >= target for an interval ---> Dropping ---+ after interval / sqrt(drops):
///                 the first drop                         ^----------+ the next drop
/// </code>
/// </summary>
public sealed class CoDel
{
    /// <summary>RFC 8289 §4.3: 5 to 10 % of the interval.</summary>
    public static readonly TimeSpan DefaultTarget = TimeSpan.FromMilliseconds(5);

    /// <summary>RFC 8289 §4.2: a round trip that is long but usual on the Internet.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMilliseconds(100);

    // RFC 8289 §5.5: a queue that stands again within 16 intervals goes on where it was.
    private const int RememberedIntervals = 16;

    private readonly TimeSpan _target;
    private readonly TimeSpan _interval;
    private TimeSpan? _standsAt;
    private TimeSpan _nextDrop;
    private int _drops;
    private int _dropsBefore;

    /// <summary>With the RFC's times.</summary>
    public CoDel()
        : this(DefaultTarget, DefaultInterval)
    {
    }

    /// <param name="target">A wait that is no sign of a standing queue, above zero.</param>
    /// <param name="interval">How long the least wait must be above the target, and the time to the second drop.</param>
    public CoDel(TimeSpan target, TimeSpan interval)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(target, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, target);
        _target = target;
        _interval = interval;
    }

    /// <summary>Whether the queue stands and drops are under way.</summary>
    public bool IsDropping { get; private set; }

    /// <summary>Asks for one thing that is taken now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="waited">How long it was in the queue.</param>
    /// <param name="isLast">Whether nothing is left behind it: a queue that is empty does not stand.</param>
    /// <returns>True: drop it, or of many packets in it one.</returns>
    public bool ShouldDrop(TimeSpan now, TimeSpan waited, bool isLast)
    {
        if (waited < _target || isLast)
        {
            _standsAt = null;
            IsDropping = false;
            return false;
        }

        if (_standsAt is not { } standsAt)
        {
            _standsAt = now + _interval;
            return false;
        }

        if (IsDropping)
        {
            if (now < _nextDrop)
            {
                return false;
            }

            _drops++;
            _nextDrop += Gap();
            return true;
        }

        if (now < standsAt)
        {
            return false;
        }

        IsDropping = true;
        var added = _drops - _dropsBefore;
        _drops = added > 1 && now - _nextDrop < RememberedIntervals * _interval ? added : 1;
        _dropsBefore = _drops;
        _nextDrop = now + Gap();
        return true;
    }

    private TimeSpan Gap() => _interval / Math.Sqrt(_drops);
}
