using System.Buffers;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// What waits to be sent on one connection: the only queue above the socket's. Control frames leave first and in order; datagrams leave by deficit
/// round robin over their channels (Shreedhar and Varghese 1995), so that one busy tunnel does not delay the others of the session. Bounded in
/// bytes for control, each channel and all channels together; what does not fit is dropped under a name.
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

    private const int SpareQueuesMax = 64;

    private readonly Lock _lock = new();
    private readonly SendQueueLimits _limits;
    private readonly AsyncSignal _signal = new();
    private readonly FrameRing _control = new();
    private readonly Dictionary<uint, ChannelQueue> _waiting = [];
    private readonly DropCounters _drops = new();
    private readonly object _room = new();

    private ChannelQueue? _roundFirst;
    private ChannelQueue? _roundLast;
    private ChannelQueue? _spare;
    private int _spareCount;
    private int _controlCost;
    private int _datagramCost;
    private bool _isWriterWaiting;
    private bool _isClosed;
    private bool _isRoomAwaited;
    private uint _awaitedChannel;
    private int _roomCount;

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
            lock (_lock)
            {
                return _datagramCost;
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
        lock (_lock)
        {
            return !_isClosed && _waiting.TryGetValue(channel.Value, out var queue) && queue.CostBytes > _limits.ChannelBytes / 2
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
        int before;
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            if (HasRoomLocked(channel.Value))
            {
                return true;
            }

            _isRoomAwaited = true;
            _awaitedChannel = channel.Value;
            before = Volatile.Read(ref _roomCount);
        }

        lock (_room)
        {
            return _roomCount != before || Monitor.Wait(_room, timeout);
        }
    }

    /// <summary>Adds a control frame, a whole frame in an array of its own.</summary>
    /// <returns>False when the bound is reached or the queue is closed.</returns>
    public bool TryAddControl(byte[] frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var queued = new QueuedFrame(frame, frame.Length, IsPooled: false);
        bool wake;
        lock (_lock)
        {
            if (_isClosed || _controlCost + queued.CostBytes > _limits.ControlBytes)
            {
                return false;
            }

            wake = AddControlLocked(queued);
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
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _isClosed = true;
            ClearDatagramsLocked();
            if (last is not null)
            {
                _control.Add(new QueuedFrame(last, last.Length, IsPooled: false));
                _controlCost += Math.Max(last.Length, MinFrameCost);
            }

            wake = TakeWakeLocked();
        }

        Wake(wake);
        TellRoom();
        return true;
    }

    /// <summary>
    /// Moves whole frames into <paramref name="batch"/>, at most <paramref name="maxBytes"/> of them unless the first alone is longer. The caller
    /// owns the arrays until it hands them to <see cref="Recycle"/>.
    /// </summary>
    internal int Take(Span<QueuedFrame> batch, int maxBytes, out int bytes, out ValueTask wait, out bool isFinished)
    {
        var count = 0;
        bool hasRoom;
        bytes = 0;
        lock (_lock)
        {
            while (_control.Count > 0 && count < batch.Length && Fits(_control.First, count, bytes, maxBytes))
            {
                var frame = _control.Take();
                _controlCost -= frame.CostBytes;
                bytes += frame.LengthBytes;
                batch[count++] = frame;
            }

            if (_control.Count == 0)
            {
                TakeDatagramsLocked(batch, maxBytes, ref count, ref bytes);
            }

            isFinished = count == 0 && _isClosed;
            _isWriterWaiting = count == 0 && !_isClosed;
            wait = _isWriterWaiting ? _signal.WaitAsync() : default;
            hasRoom = _isRoomAwaited && HasRoomLocked(_awaitedChannel);
            _isRoomAwaited &= !hasRoom;
        }

        if (hasRoom)
        {
            TellRoom();
        }

        return count;
    }

    internal static void Recycle(in QueuedFrame frame)
    {
        if (frame.IsPooled)
        {
            ArrayPool<byte>.Shared.Return(frame.Buffer);
        }
    }

    private static bool Fits(in QueuedFrame frame, int count, int bytes, int maxBytes) =>
        count == 0 || bytes + frame.LengthBytes <= maxBytes;

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
        _datagramCost <= _limits.TotalBytes / 2 && (!_waiting.TryGetValue(channel, out var queue) || queue.CostBytes <= _limits.ChannelBytes / 2);

    // A closed queue has no room, but there is nothing to wait for any more.
    private void TellRoom()
    {
        lock (_room)
        {
            _roomCount++;
            Monitor.PulseAll(_room);
        }
    }

    private DropReason AddDatagram(Channel channel, in QueuedFrame frame, bool isAddedAgain = false)
    {
        var drop = DropReason.Unspecified;
        var wake = false;
        lock (_lock)
        {
            if (_isClosed)
            {
                drop = DropReason.PeerGone;
            }
            else if (_datagramCost + frame.CostBytes > _limits.TotalBytes || !TryAddLocked(channel, frame))
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

    private bool TryAddLocked(Channel channel, in QueuedFrame frame)
    {
        if (!_waiting.TryGetValue(channel.Value, out var queue))
        {
            queue = TakeSpareLocked();
            queue.Channel = channel.Value;
            _waiting.Add(channel.Value, queue);
            AppendLocked(queue);
        }
        else if (queue.CostBytes + frame.CostBytes > _limits.ChannelBytes)
        {
            return false;
        }

        queue.Frames.Add(frame);
        queue.CostBytes += frame.CostBytes;
        _datagramCost += frame.CostBytes;
        return true;
    }

    private void TakeDatagramsLocked(Span<QueuedFrame> batch, int maxBytes, ref int count, ref int bytes)
    {
        while (_roundFirst is { } queue && count < batch.Length)
        {
            if (!queue.HasTurn)
            {
                queue.HasTurn = true;
                queue.DeficitBytes += QuantumBytes;
            }

            if (queue.Frames.First.LengthBytes > queue.DeficitBytes)
            {
                queue.HasTurn = false;
                RemoveFirstLocked();
                AppendLocked(queue);
                continue;
            }

            if (!Fits(queue.Frames.First, count, bytes, maxBytes))
            {
                // The turn and what is left of it are kept for the next write.
                return;
            }

            var frame = queue.Frames.Take();
            queue.DeficitBytes -= frame.LengthBytes;
            queue.CostBytes -= frame.CostBytes;
            _datagramCost -= frame.CostBytes;
            bytes += frame.LengthBytes;
            batch[count++] = frame;
            if (queue.Room is not null && queue.CostBytes <= _limits.ChannelBytes / 2)
            {
                queue.TellRoom();
            }

            if (queue.Frames.Count == 0)
            {
                RemoveFirstLocked();
                RetireLocked(queue);
            }
        }
    }

    private bool AddControlLocked(in QueuedFrame frame)
    {
        _control.Add(frame);
        _controlCost += frame.CostBytes;
        return TakeWakeLocked();
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

    private void AppendLocked(ChannelQueue queue)
    {
        queue.Next = null;
        if (_roundLast is null)
        {
            _roundFirst = queue;
        }
        else
        {
            _roundLast.Next = queue;
        }

        _roundLast = queue;
    }

    private void RemoveFirstLocked()
    {
        _roundFirst = _roundFirst!.Next;
        if (_roundFirst is null)
        {
            _roundLast = null;
        }
    }

    private ChannelQueue TakeSpareLocked()
    {
        if (_spare is not { } queue)
        {
            return new ChannelQueue();
        }

        _spare = queue.Next;
        _spareCount--;
        return queue;
    }

    // An empty queue loses its deficit: a channel can't save turns up while it has nothing to send.
    private void RetireLocked(ChannelQueue queue)
    {
        _waiting.Remove(queue.Channel);
        queue.DeficitBytes = 0;
        queue.HasTurn = false;
        if (_spareCount < SpareQueuesMax)
        {
            queue.Next = _spare;
            _spare = queue;
            _spareCount++;
        }
    }

    private void ClearDatagramsLocked()
    {
        foreach (var queue in _waiting.Values)
        {
            _drops.Add(DropReason.PeerGone, queue.Frames.Count);
            queue.TellRoom();
            while (queue.Frames.Count > 0)
            {
                Recycle(queue.Frames.Take());
            }
        }

        _waiting.Clear();
        _roundFirst = null;
        _roundLast = null;
        _datagramCost = 0;
    }
}
