namespace OrleansUem.Protocol.Tunnel;

/// <summary>
/// Whether the far end still answers. Runs while packets are being sent: every <see cref="TunnelLimits.ProbeInterval"/> it compares the traffic with what it was, so that no packet touches a timer.
/// Nothing heard for <see cref="TunnelLimits.ProbeAfter"/> asks for a probe at each further look, and <see cref="TunnelLimits.ProbesMax"/> probes without an answer make the far end dead. It rests once
/// something was heard and nothing was sent between two looks.
/// </summary>
internal struct FarEndWatch
{
    private TunnelTraffic _seen;
    private long _quietMilliseconds;
    private int _probes;

    public FarEndWatch()
    {
    }

    /// <summary>When <see cref="Look"/> is due; <see cref="long.MaxValue"/> at rest.</summary>
    public long DueAt { get; private set; } = long.MaxValue;

    public readonly bool IsAtRest => DueAt == long.MaxValue;

    /// <summary>A packet was sent while it rested.</summary>
    public void Begin(TunnelTraffic traffic, long nowMilliseconds)
    {
        _seen = traffic;
        _quietMilliseconds = 0;
        _probes = 0;
        DueAt = nowMilliseconds + TunnelLimits.ProbeInterval;
    }

    public void Rest() => DueAt = long.MaxValue;

    public FarEndVerdict Look(TunnelTraffic traffic, long nowMilliseconds)
    {
        var (wasSent, wasHeard) = (traffic.Sent != _seen.Sent, traffic.Heard != _seen.Heard);
        _seen = traffic;
        DueAt = nowMilliseconds + TunnelLimits.ProbeInterval;
        if (wasHeard)
        {
            _quietMilliseconds = 0;
            _probes = 0;
            DueAt = wasSent ? DueAt : long.MaxValue;
            return FarEndVerdict.Fine;
        }

        _quietMilliseconds += TunnelLimits.ProbeInterval;
        if (_quietMilliseconds < TunnelLimits.ProbeAfter)
        {
            return FarEndVerdict.Fine;
        }

        return _probes++ < TunnelLimits.ProbesMax ? FarEndVerdict.Probe : FarEndVerdict.Dead;
    }
}
