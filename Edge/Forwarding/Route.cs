using System.Buffers;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>
/// A leased entry of the forwarding table: datagrams of the local channel go to the peer's. <see cref="Forward"/> runs on the local session's read loop
/// without a lock; each counter has one writer. Times are the table's.
/// </summary>
internal sealed class Route
{
    private readonly ulong _byteLimit;
    private long _framesIn;
    private long _bytesIn;
    private long _framesOut;
    private long _bytesOut;
    private long _dropped;
    private volatile bool _isActive;
    private volatile bool _isOverLimit;
    private volatile int _endReason;

    public Route(Lease lease, bool isFromDevice, ChannelSlot local, ChannelSlot peer, TimeSpan now)
    {
        LeaseId = lease.LeaseId;
        IsFromDevice = isFromDevice;
        Local = local;
        Peer = peer;
        _byteLimit = lease.ByteLimit;
        IdleLimit = TimeSpan.FromSeconds(lease.IdleSeconds);
        LastUse = now;
        Extend(lease.LifetimeSeconds, now);
    }

    public string LeaseId { get; }

    /// <summary>Whether the local end is the device.</summary>
    public bool IsFromDevice { get; }

    public ChannelSlot Local { get; }

    public ChannelSlot Peer { get; }

    /// <summary>Zero: none.</summary>
    public TimeSpan IdleLimit { get; }

    public TimeSpan LastUse { get; private set; }

    public TimeSpan Expires { get; private set; }

    public TimeSpan RenewAt { get; set; }

    public bool IsOverLimit => _isOverLimit;

    /// <summary>None while it forwards.</summary>
    public Reason EndReason => (Reason)_endReason;

    /// <summary>Forwards one datagram: the channel number is replaced, nothing else.</summary>
    /// <returns>Unspecified, or why it was dropped.</returns>
    public DropReason Forward(in ReadOnlySequence<byte> payload)
    {
        var drop = TryForward(payload);
        if (drop != DropReason.Unspecified)
        {
            Volatile.Write(ref _dropped, _dropped + 1);
        }

        return drop;
    }

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

    /// <summary>Turns the data path's flag into a time.</summary>
    public void Observe(TimeSpan now)
    {
        if (_isActive)
        {
            _isActive = false;
            LastUse = now;
        }
    }

    public LeaseReport Report(Reason reason) => new()
    {
        LeaseId = LeaseId,
        FramesIn = (ulong)Volatile.Read(ref _framesIn),
        BytesIn = (ulong)Volatile.Read(ref _bytesIn),
        FramesOut = (ulong)Volatile.Read(ref _framesOut),
        BytesOut = (ulong)Volatile.Read(ref _bytesOut),
        Dropped = (ulong)Volatile.Read(ref _dropped),
        Reason = (uint)reason,
        FromDeviceSide = IsFromDevice,
    };

    private DropReason TryForward(in ReadOnlySequence<byte> payload)
    {
        if (_endReason != 0)
        {
            return DropOf(EndReason);
        }

        var bytes = payload.Length;
        if (_byteLimit != 0 && (ulong)(_bytesIn + Volatile.Read(ref _bytesOut) + bytes) > _byteLimit)
        {
            _isOverLimit = true;
            return DropReason.ByteLimit;
        }

        MarkActive();
        var drop = Peer.Owner.SendDatagram(Peer.Channel, payload);
        if (drop == DropReason.Unspecified)
        {
            Volatile.Write(ref _framesIn, _framesIn + 1);
            Volatile.Write(ref _bytesIn, _bytesIn + bytes);
            Peer.Route?.CountOut(bytes);
        }

        return drop;
    }

    private void CountOut(long bytes)
    {
        MarkActive();
        Volatile.Write(ref _framesOut, _framesOut + 1);
        Volatile.Write(ref _bytesOut, _bytesOut + bytes);
    }

    // Read first: writing the same value for every frame would move the cache line between the two directions' threads.
    private void MarkActive()
    {
        if (!_isActive)
        {
            _isActive = true;
        }
    }

    private static DropReason DropOf(Reason reason) => reason switch
    {
        Reason.LeaseExpired => DropReason.LeaseExpired,
        Reason.ByteLimit => DropReason.ByteLimit,
        Reason.DeviceLost or Reason.NodeLost => DropReason.PeerGone,
        _ => DropReason.StaleChannel,
    };
}
