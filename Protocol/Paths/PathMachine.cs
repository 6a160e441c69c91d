namespace OrleansUem.Protocol.Paths;

/// <summary>
/// The peer's side of a session's UDP path (Protocol/README.md "UDP path"): when to probe, when to use UDP, when to leave it. Sans-IO: time is an argument from any
/// monotonic clock, effects are values. Not for concurrent use: the owner serialises calls.
/// <code>
///                 deadline                   ack
///   Waiting ---------------------> Probing --------> Up ---+ ack: None, or a probe that confirms a new token
///      ^      probe, new socket      |  ^            | ^---+ deadline: a probe
///      |                             |  +-- deadline: the next probe, up to three
///      |                             |               |
///      +------ three unanswered -----+-------+-------+ three unanswered, the kernel refuses: Down
///                                       back-off
/// </code>
/// An ack that comes late, while the machine waits again, still proves the path. Acks are authenticated by the caller; one for a probe of an earlier attempt, or that came
/// before, is ignored.
/// </summary>
public sealed class PathMachine
{
    private const int TimesKept = 4;

    private readonly Func<double> _jitter;
    private readonly TimeSpan[] _sentAt = new TimeSpan[TimesKept];
    private TimeSpan _probeAt;
    private TimeSpan _upAt;
    private TimeSpan _nextLook;
    private ulong _firstOfAttempt = 1;
    private ulong _lastAcked;
    private int _unanswered;
    private int _failures;
    private int _silentLooks;
    private bool _wasHeard;
    private bool _wasSent;
    private bool _isFailureKnown;

    /// <summary>Begins; the first probe is due at once.</summary>
    /// <param name="now">The time.</param>
    /// <param name="jitter">Uniform in 0..1.</param>
    public PathMachine(TimeSpan now, Func<double> jitter)
    {
        ArgumentNullException.ThrowIfNull(jitter);
        _jitter = jitter;
        Deadline = now;
    }

    /// <summary>Where it stands.</summary>
    public PathState State { get; private set; }

    /// <summary>When <see cref="OnTime"/> is due at the latest.</summary>
    public TimeSpan Deadline { get; private set; }

    /// <summary>
    /// Whether the path rests: nothing was sent or heard at the last look and no probe is under way. The first datagram that is sent then makes
    /// <see cref="OnTime"/> due <see cref="PathLimits.LookInterval"/> later.
    /// </summary>
    public bool IsAtRest { get; private set; }

    /// <summary>The counter of the last probe; it also goes into PATHLEFT.</summary>
    public ulong Counter { get; private set; }

    /// <summary>The token of the last ack.</summary>
    public ulong Token { get; private set; }

    /// <summary>Time from the last probe that was answered to its ack; zero before one was.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>Time passed, or data was sent.</summary>
    /// <param name="now">The time.</param>
    /// <param name="wasHeard">Whether anything came from the edge over UDP since the last call.</param>
    /// <param name="wasSent">Whether data was sent over UDP since the last call.</param>
    /// <returns>What to do.</returns>
    public PathEffect OnTime(TimeSpan now, bool wasHeard, bool wasSent)
    {
        _wasHeard |= wasHeard;
        _wasSent |= wasSent;
        switch (State)
        {
            case PathState.Up:
                return Look(now);
            case PathState.Waiting when now >= Deadline:
                return Begin(now);
            case PathState.Probing when now >= Deadline:
                return _unanswered < PathLimits.ProbesMax ? SendProbe(now) : Fail(now);
            default:
                return default;
        }
    }

    /// <summary>An authentic ack arrived.</summary>
    /// <param name="counter">The probe that it answers.</param>
    /// <param name="token">The edge's token for the address that it saw.</param>
    /// <param name="now">The time.</param>
    /// <returns>What to do.</returns>
    public PathEffect OnAck(ulong counter, ulong token, TimeSpan now)
    {
        if (counter < _firstOfAttempt || counter > Counter || counter <= _lastAcked)
        {
            return default;
        }

        _lastAcked = counter;
        _unanswered = 0;
        _silentLooks = 0;
        _wasHeard = true;
        if (Counter - counter < TimesKept)
        {
            RoundTrip = now - _sentAt[counter % TimesKept];
        }

        var change = State == PathState.Up ? PathChange.None : PathChange.Up;
        if (change == PathChange.Up)
        {
            State = PathState.Up;
            _upAt = now;
            _isFailureKnown = false;
        }

        // The edge sends to an address only once a probe has brought back what was sent there.
        if (token != Token)
        {
            Token = token;
            return SendProbe(now) with { Change = change };
        }

        Schedule(now);
        return new PathEffect(change);
    }

    /// <summary>The kernel refuses to send on the path: a local firewall, no route, nobody listens at the other end.</summary>
    /// <param name="now">The time.</param>
    /// <returns>What to do.</returns>
    public PathEffect OnRefused(TimeSpan now) => State == PathState.Waiting ? default : Fail(now);

    /// <summary>The network changed: what was true of the path may no longer be.</summary>
    /// <param name="now">The time.</param>
    /// <returns>What to do.</returns>
    public PathEffect OnNetworkChanged(TimeSpan now)
    {
        _failures = 0;
        return State != PathState.Up ? Begin(now) : _unanswered == 0 ? SendProbe(now) : default;
    }

    private PathEffect Begin(TimeSpan now)
    {
        State = PathState.Probing;
        _unanswered = 0;
        _firstOfAttempt = Counter + 1;
        return SendProbe(now) with { IsNewAttempt = true };
    }

    private PathEffect Look(TimeSpan now)
    {
        if (_unanswered > 0 && now >= _probeAt + PathLimits.ProbeTimeout)
        {
            return _unanswered < PathLimits.ProbesMax ? SendProbe(now) : Fail(now);
        }

        if (now >= _nextLook)
        {
            _silentLooks = _wasHeard ? 0 : _silentLooks > 0 || _wasSent ? _silentLooks + 1 : 0;
            IsAtRest = !_wasHeard && !_wasSent && _silentLooks == 0 && _unanswered == 0;
            _wasHeard = false;
            _wasSent = false;
            _nextLook = now + PathLimits.LookInterval;
        }

        if (_unanswered == 0 && (_silentLooks >= 2 || now >= _probeAt + PathLimits.KeepAlive))
        {
            return SendProbe(now);
        }

        Schedule(now);
        return default;
    }

    private PathEffect SendProbe(TimeSpan now)
    {
        Counter++;
        _sentAt[Counter % TimesKept] = now;
        _probeAt = now;
        _unanswered++;
        IsAtRest = false;
        Deadline = now + PathLimits.ProbeTimeout;
        return new PathEffect(HasProbe: true);
    }

    private PathEffect Fail(TimeSpan now)
    {
        var wasUp = State == PathState.Up;
        if (wasUp && now - _upAt >= PathLimits.StableAfter)
        {
            _failures = 0;
        }

        var wait = PathLimits.RetryMin * Math.Pow(2, Math.Min(_failures++, 16));
        Deadline = now + ((wait < PathLimits.RetryMax ? wait : PathLimits.RetryMax) * (1 + (0.25 * Math.Clamp(_jitter(), 0, 1))));
        State = PathState.Waiting;
        IsAtRest = false;
        var change = wasUp ? PathChange.Down : _isFailureKnown ? PathChange.None : PathChange.Unreachable;
        _isFailureKnown = true;
        return new PathEffect(change);
    }

    private void Schedule(TimeSpan now)
    {
        var keepAlive = _probeAt + PathLimits.KeepAlive;
        var look = _nextLook > now ? _nextLook : now;
        Deadline = _unanswered > 0 ? _probeAt + PathLimits.ProbeTimeout
            : IsAtRest || keepAlive < look ? keepAlive
            : look;
    }
}
