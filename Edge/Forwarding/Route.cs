using System.Buffers;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>
/// A leased entry of the forwarding table: datagrams of the local channel go to the peer's. Used without a lock by the local session's read loop and by the threads
/// that receive UDP: counters are atomic additions, one for a run of frames. A frame touches this route and the far end's way, nothing else of the far end: with thousands of tunnels each object
/// is a wait for memory. What came back is the far end's route's to count. Times are the table's.
/// </summary>
internal sealed class Route
{
    private readonly DataPath _peerPath;
    private readonly ulong _byteLimit;
    private long _framesIn;
    private long _bytesIn;
    private long _dropped;
    private long _framesSeen;
    private bool _isReportedOverUdp;
    private TimeSpan _reportedAt;
    private volatile bool _isOverLimit;
    private volatile int _endReason;

    public Route(Lease lease, bool isFromDevice, ChannelSlot local, ChannelSlot peer, TimeSpan now)
    {
        // Both directions hold one text.
        LeaseId = peer.Route is { } back && back.LeaseId == lease.LeaseId ? back.LeaseId : lease.LeaseId;
        IsFromDevice = isFromDevice;
        Local = local;
        Peer = peer;
        PeerChannel = peer.Channel;
        _peerPath = peer.Owner.DataPath;
        _byteLimit = lease.ByteLimit;
        IdleLimit = TimeSpan.FromSeconds(lease.IdleSeconds);
        LastUse = now;
        _reportedAt = now;
        Extend(lease.LifetimeSeconds, now);
    }

    public string LeaseId { get; }

    /// <summary>Whether the local end is the device.</summary>
    public bool IsFromDevice { get; }

    public ChannelSlot Local { get; }

    public ChannelSlot Peer { get; }

    /// <summary>That of <see cref="Peer"/>.</summary>
    public Channel PeerChannel { get; }

    /// <summary>Zero: none.</summary>
    public TimeSpan IdleLimit { get; }

    public TimeSpan LastUse { get; private set; }

    public TimeSpan Expires { get; private set; }

    public TimeSpan RenewAt { get; set; }

    public bool IsOverLimit => _isOverLimit;

    /// <summary>None while it forwards.</summary>
    public Reason EndReason => (Reason)_endReason;

    /// <summary>Whether a datagram may go to the far end; a drop is counted here. What is admitted and not yet sent does not count against the byte limit.</summary>
    /// <param name="bytes">Its payload.</param>
    /// <returns>Unspecified, or why it is dropped.</returns>
    public DropReason Admit(long bytes)
    {
        var drop = _endReason != 0 ? DropOf(EndReason) : IsOver(bytes) ? DropReason.ByteLimit : DropReason.Unspecified;
        if (drop != DropReason.Unspecified)
        {
            CountDropped(1);
        }

        return drop;
    }

    /// <summary>Reads what forwarding a frame reads, so that the cache has it by then.</summary>
    public void Touch()
    {
        _ = _endReason;
        _ = ForwardedFrames;
        _ = _peerPath.Target?.DatagramBytes;
    }

    /// <summary>Where an admitted frame goes over UDP; null: it is queued by <see cref="Send(in ReadOnlySequence{byte})"/>.</summary>
    /// <param name="payloadBytes">Its payload: a frame that is longer than what the path has proven goes over TCP.</param>
    public PathTarget? TargetOf(long payloadBytes) =>
        _peerPath.Target is { } target && payloadBytes + FrameLimits.HeaderBytes <= target.DatagramBytes ? target : null;

    /// <summary>Queues an admitted datagram for the far end's TLS connection, and counts.</summary>
    /// <returns>Unspecified, or why it was dropped.</returns>
    public DropReason Send(in ReadOnlySequence<byte> payload) => Count(Peer.Owner.SendDatagram(PeerChannel, payload), payload.Length);

    /// <inheritdoc cref="Send(in ReadOnlySequence{byte})"/>
    public DropReason Send(ReadOnlySpan<byte> payload) => Count(Peer.Owner.SendDatagram(PeerChannel, payload), payload.Length);

    /// <summary>Admitted datagrams went to the far end.</summary>
    public void CountForwarded(long frames, long bytes)
    {
        Interlocked.Add(ref _framesIn, frames);
        Interlocked.Add(ref _bytesIn, bytes);
    }

    /// <summary>Datagrams were dropped.</summary>
    public void CountDropped(long frames) => Interlocked.Add(ref _dropped, frames);

    /// <summary>The table ended it; frames under way are dropped from here on.</summary>
    /// <returns>False when it was ended before.</returns>
    public bool TryEnd(Reason reason)
    {
        if (_endReason != 0)
        {
            return false;
        }

        _endReason = (int)reason;
        return true;
    }

    public void Extend(uint lifetimeSeconds, TimeSpan now)
    {
        var lifetime = TimeSpan.FromSeconds(Math.Clamp(lifetimeSeconds, LeaseLimits.MinLifetimeSeconds, LeaseLimits.MaxLifetimeSeconds));
        Expires = now + lifetime;
        RenewAt = now + (lifetime / 2);
    }

    /// <summary>Turns what was counted, either way, into a time.</summary>
    public void Observe(TimeSpan now)
    {
        var frames = ForwardedFrames + (Peer.Route?.ForwardedFrames ?? 0);
        if (frames != _framesSeen)
        {
            _framesSeen = frames;
            LastUse = now;
        }
    }

    public LeaseReport Report(Reason reason)
    {
        var back = Peer.Route;
        return new LeaseReport
        {
            LeaseId = LeaseId,
            FramesIn = (ulong)ForwardedFrames,
            BytesIn = (ulong)ForwardedBytes,
            FramesOut = (ulong)(back?.ForwardedFrames ?? 0),
            BytesOut = (ulong)(back?.ForwardedBytes ?? 0),
            Dropped = (ulong)Volatile.Read(ref _dropped),
            Reason = (uint)reason,
            FromDeviceSide = IsFromDevice,
            OverUdp = IsOverUdp,
        };
    }

    /// <summary>Whether the local end's datagrams take another way than was last reported, for long enough that it is worth a report before the renewal.</summary>
    public bool IsPathNews(TimeSpan now) => IsOverUdp != _isReportedOverUdp && now - _reportedAt >= LeaseLimits.RenewalRetry;

    /// <summary>A report is on its way to a grain.</summary>
    public void NoteReported(LeaseReport report, TimeSpan now)
    {
        _isReportedOverUdp = report.OverUdp;
        _reportedAt = now;
    }

    private bool IsOverUdp => Local.Owner.DataPath.Target is not null;

    private long ForwardedFrames => Volatile.Read(ref _framesIn);

    private long ForwardedBytes => Volatile.Read(ref _bytesIn);

    private bool IsOver(long bytes)
    {
        if (_byteLimit == 0 || (ulong)(ForwardedBytes + (Peer.Route?.ForwardedBytes ?? 0) + bytes) <= _byteLimit)
        {
            return false;
        }

        _isOverLimit = true;
        return true;
    }

    private DropReason Count(DropReason drop, long bytes)
    {
        if (drop == DropReason.Unspecified)
        {
            CountForwarded(1, bytes);
        }
        else
        {
            CountDropped(1);
        }

        return drop;
    }

    private static DropReason DropOf(Reason reason) => reason switch
    {
        Reason.LeaseExpired => DropReason.LeaseExpired,
        Reason.ByteLimit => DropReason.ByteLimit,
        Reason.DeviceLost or Reason.NodeLost => DropReason.PeerGone,
        _ => DropReason.StaleChannel,
    };
}
