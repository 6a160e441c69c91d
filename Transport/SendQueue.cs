using System.Buffers;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// What waits to be sent on one connection: the only queue above the socket's. Control frames leave first and in order; datagrams leave by deficit
/// round robin over their channels (Shreedhar and Varghese 1995), so that one busy tunnel does not delay the others of the session. Bounded in
/// bytes for control, each channel and all channels together; what does not fit is dropped under a name. While nothing waits it holds no <see cref="WaitingFrames"/>.
/// Any thread adds; one write loop takes. The lock is held for pointer moves only, never for a copy of payload.
/// </summary>
public sealed class SendQueue
{
    /// <summary>
    /// What a short frame counts as: the bytes that its array and its place in the ring occupy. Without it, a flood of empty datagrams would hold
    /// seven times the configured bytes.
    /// </summary>
    public const int MinFrameCost = 64;

    /// <summary>
    /// What a channel may send in one turn, plus what it could not use before. Somewhat more than a frame with one full-size packet, so that
    /// tunnels interleave packet by packet.
    /// </summary>
    public const int QuantumBytes = 2_048;

    private readonly SendQueueLimits _limits;

    // Its monitor guards all, as the pairing of its waits and sets asks for.
    private readonly AsyncSignal _signal = new();

    private readonly DropCounters _drops = new();

    // Null while nothing waits, which is what an idle connection's queue is.
    private WaitingFrames? _waiting;
    private RoomWait? _roomWait;
    private bool _isWriterWaiting;
    private bool _isClosed;

    /// <param name="limits">The bounds.</param>
    public SendQueue(SendQueueLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        limits.Validate();
        _limits = limits;
    }

    /// <summary>Datagram bytes queued now.</summary>
    public int DatagramBytes
    {
        get
        {
            lock (_signal)
            {
                return _waiting?.DatagramCost ?? 0;
            }
        }
    }

    /// <summary>How many datagrams were dropped for a reason since the connection began.</summary>
    public long Drops(DropReason reason) => _drops[reason];

    /// <summary>Adds a datagram; the payload is copied.</summary>
    /// <returns>Unspecified when it is queued, else why it was dropped.</returns>
    public DropReason AddDatagram(Channel channel, in ReadOnlySequence<byte> payload)
    {
        if (payload.Length > FrameLimits.MaxPayloadBytes)
        {
            return Drop(DropReason.Oversize);
        }

        var frame = Rent(channel, (int)payload.Length);
        payload.CopyTo(frame.Buffer.AsSpan(FrameLimits.HeaderBytes));
        return AddDatagram(channel, frame);
    }

    /// <inheritdoc cref="AddDatagram(Channel, in ReadOnlySequence{byte})"/>
    /// <param name="channel">Its channel.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="isAddedAgain">Whether the caller adds it again where the queue is full: then it is no drop yet.</param>
    public DropReason AddDatagram(Channel channel, ReadOnlySpan<byte> payload, bool isAddedAgain = false)
    {
        if (payload.Length > FrameLimits.MaxPayloadBytes)
        {
            return Drop(DropReason.Oversize);
        }

        var frame = Rent(channel, payload.Length);
        payload.CopyTo(frame.Buffer.AsSpan(FrameLimits.HeaderBytes));
        return AddDatagram(channel, frame, isAddedAgain);
    }

    /// <summary>As <see cref="WaitForRoom"/>, for any number of waiters; the queue's end ends it too.</summary>
    public Task WaitForRoomAsync(Channel channel)
    {
        lock (_signal)
        {
            return !_isClosed && _waiting?.Find(channel.Value) is { } queue && queue.CostBytes > _limits.ChannelBytes / 2
                ? (queue.Room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                : Task.CompletedTask;
        }
    }

    /// <summary>Waits until a channel that is full has sent half of what it may have queued. One thread at a time.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="timeout">The longest wait.</param>
    /// <returns>False when there is no room yet, or never will be since the queue is closed.</returns>
    public bool WaitForRoom(Channel channel, TimeSpan timeout)
    {
        RoomWait wait;
        int before;
        lock (_signal)
        {
            if (_isClosed)
            {
                return false;
            }

            if (HasRoomLocked(channel.Value))
            {
                return true;
            }

            wait = _roomWait ??= new RoomWait();
            before = wait.BeginLocked(channel.Value);
        }

        return wait.Wait(before, timeout);
    }

    /// <summary>Adds a control frame, a whole frame in an array of its own.</summary>
    /// <returns>False when the bound is reached or the queue is closed.</returns>
    public bool TryAddControl(byte[] frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var queued = new QueuedFrame(frame, frame.Length, IsPooled: false);
        bool wake;
        lock (_signal)
        {
            if (_isClosed || (_waiting?.ControlCost ?? 0) + queued.CostBytes > _limits.ControlBytes)
            {
                return false;
            }

            WaitingLocked().AddControl(queued);
            wake = TakeWakeLocked();
        }

        Wake(wake);
        return true;
    }

    /// <summary>
    /// Refuses everything from here on, drops the datagrams that wait and lets the write loop finish after the control frames that wait and
    /// <paramref name="last"/>, which is exempt from the bound.
    /// </summary>
    /// <returns>False when it was closed before; then nothing changes.</returns>
    public bool Close(byte[]? last)
    {
        bool wake;
        RoomWait? roomWait;
        lock (_signal)
        {
            if (_isClosed)
            {
                return false;
            }

            _isClosed = true;
            _waiting?.ClearDatagrams(_drops);
            if (last is not null)
            {
                WaitingLocked().AddControl(new QueuedFrame(last, last.Length, IsPooled: false));
            }

            ReturnIfEmptyLocked();
            wake = TakeWakeLocked();
            roomWait = _roomWait;
        }

        Wake(wake);
        // A closed queue has no room, but there is nothing to wait for any more.
        roomWait?.Tell();
        return true;
    }

    /// <summary>
    /// Moves whole frames into <paramref name="batch"/>, at most <paramref name="maxBytes"/> of them unless the first alone is longer. The caller
    /// owns the arrays until it hands them to <see cref="Recycle"/>.
    /// </summary>
    internal int Take(Span<QueuedFrame> batch, int maxBytes, out int bytes, out ValueTask wait, out bool isFinished)
    {
        var count = 0;
        RoomWait? hasRoom;
        bytes = 0;
        lock (_signal)
        {
            if (_waiting is { } waiting)
            {
                waiting.Take(batch, maxBytes, _limits.ChannelBytes / 2, ref count, ref bytes);
                ReturnIfEmptyLocked();
            }

            isFinished = count == 0 && _isClosed;
            _isWriterWaiting = count == 0 && !_isClosed;
            wait = _isWriterWaiting ? _signal.WaitAsync() : default;
            hasRoom = _roomWait is { IsAwaited: true } roomWait && HasRoomLocked(roomWait.Channel) ? roomWait.EndLocked() : null;
        }

        hasRoom?.Tell();
        return count;
    }

    internal static void Recycle(in QueuedFrame frame)
    {
        if (frame.IsPooled)
        {
            ArrayPool<byte>.Shared.Return(frame.Buffer);
        }
    }

    private static QueuedFrame Rent(Channel channel, int payloadBytes)
    {
        var length = FrameLimits.HeaderBytes + payloadBytes;
        var frame = new QueuedFrame(ArrayPool<byte>.Shared.Rent(length), length, IsPooled: true);
        new FrameHeader(FrameType.Datagram, FrameFlags.None, payloadBytes, channel).Write(frame.Buffer);
        return frame;
    }

    private DropReason Drop(DropReason reason)
    {
        _drops.Add(reason);
        return reason;
    }

    private bool HasRoomLocked(uint channel) =>
        _waiting is not { } waiting
        || (waiting.DatagramCost <= _limits.TotalBytes / 2 && (waiting.Find(channel)?.CostBytes ?? 0) <= _limits.ChannelBytes / 2);

    private WaitingFrames WaitingLocked() => _waiting ??= WaitingFrames.Rent();

    private void ReturnIfEmptyLocked()
    {
        if (_waiting is { IsEmpty: true } waiting)
        {
            _waiting = null;
            WaitingFrames.Return(waiting);
        }
    }

    private DropReason AddDatagram(Channel channel, in QueuedFrame frame, bool isAddedAgain = false)
    {
        var drop = DropReason.Unspecified;
        var wake = false;
        lock (_signal)
        {
            if (_isClosed)
            {
                drop = DropReason.PeerGone;
            }
            else if ((_waiting?.DatagramCost ?? 0) + frame.CostBytes > _limits.TotalBytes
                || !WaitingLocked().TryAddDatagram(channel.Value, frame, _limits.ChannelBytes))
            {
                drop = DropReason.QueueFull;
            }
            else
            {
                wake = TakeWakeLocked();
            }
        }

        if (drop != DropReason.Unspecified)
        {
            _drops.Add(drop, drop == DropReason.QueueFull && isAddedAgain ? 0 : 1);
            Recycle(frame);
        }

        Wake(wake);
        return drop;
    }

    private bool TakeWakeLocked()
    {
        var wake = _isWriterWaiting;
        _isWriterWaiting = false;
        return wake;
    }

    private void Wake(bool wake)
    {
        if (wake)
        {
            WakeBatch.Wake(_signal);
        }
    }
}
