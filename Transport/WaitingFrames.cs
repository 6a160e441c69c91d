using Microsoft.Extensions.ObjectPool;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// The frames that wait in one <see cref="SendQueue"/>: control frames in order, and the round of the channels that have datagrams. Rented while something waits, so that an idle connection has none
/// and a busy one re-uses its rings. Guarded by the queue's lock.
/// </summary>
internal sealed class WaitingFrames
{
    private const int SpareQueuesMax = 64;

    private static readonly ObjectPool<WaitingFrames> Pool = new DefaultObjectPool<WaitingFrames>(new DefaultPooledObjectPolicy<WaitingFrames>());

    private readonly FrameRing _control = new();
    private readonly Dictionary<uint, ChannelQueue> _channels = [];

    private ChannelQueue? _roundFirst;
    private ChannelQueue? _roundLast;
    private ChannelQueue? _spare;
    private int _spareCount;

    public int ControlCost { get; private set; }

    public int DatagramCost { get; private set; }

    public bool IsEmpty => _control.Count == 0 && _channels.Count == 0;

    public static WaitingFrames Rent() => Pool.Get();

    /// <summary>Gives it back; it must be empty.</summary>
    public static void Return(WaitingFrames waiting) => Pool.Return(waiting);

    public ChannelQueue? Find(uint channel) => _channels.GetValueOrDefault(channel);

    public void AddControl(in QueuedFrame frame)
    {
        _control.Add(frame);
        ControlCost += frame.CostBytes;
    }

    /// <returns>False when the channel has no room for it.</returns>
    public bool TryAddDatagram(uint channel, in QueuedFrame frame, int channelBytes)
    {
        if (!_channels.TryGetValue(channel, out var queue))
        {
            queue = TakeSpare();
            queue.Channel = channel;
            _channels.Add(channel, queue);
            Append(queue);
        }
        else if (queue.CostBytes + frame.CostBytes > channelBytes)
        {
            return false;
        }

        queue.Frames.Add(frame);
        queue.CostBytes += frame.CostBytes;
        DatagramCost += frame.CostBytes;
        return true;
    }

    /// <summary>Moves frames into a batch: control frames, and when there are no more, datagrams by deficit round robin.</summary>
    /// <param name="batch">Gets them.</param>
    /// <param name="maxBytes">Of all, unless the first alone is longer.</param>
    /// <param name="roomBytes">Who waits for room on a channel is told when no more than these are left.</param>
    /// <param name="count">Frames in the batch.</param>
    /// <param name="bytes">Their bytes.</param>
    public void Take(Span<QueuedFrame> batch, int maxBytes, int roomBytes, ref int count, ref int bytes)
    {
        while (_control.Count > 0 && count < batch.Length && Fits(_control.First, count, bytes, maxBytes))
        {
            var frame = _control.Take();
            ControlCost -= frame.CostBytes;
            bytes += frame.LengthBytes;
            batch[count++] = frame;
        }

        if (_control.Count == 0)
        {
            TakeDatagrams(batch, maxBytes, roomBytes, ref count, ref bytes);
        }
    }

    /// <summary>Drops all datagrams as PeerGone; who waits for room waits no more.</summary>
    public void ClearDatagrams(DropCounters drops)
    {
        foreach (var queue in _channels.Values)
        {
            drops.Add(DropReason.PeerGone, queue.Frames.Count);
            queue.TellRoom();
            while (queue.Frames.Count > 0)
            {
                SendQueue.Recycle(queue.Frames.Take());
            }
        }

        _channels.Clear();
        _roundFirst = null;
        _roundLast = null;
        DatagramCost = 0;
    }

    private static bool Fits(in QueuedFrame frame, int count, int bytes, int maxBytes) =>
        count == 0 || bytes + frame.LengthBytes <= maxBytes;

    private void TakeDatagrams(Span<QueuedFrame> batch, int maxBytes, int roomBytes, ref int count, ref int bytes)
    {
        while (_roundFirst is { } queue && count < batch.Length)
        {
            if (!queue.HasTurn)
            {
                queue.HasTurn = true;
                queue.DeficitBytes += SendQueue.QuantumBytes;
            }

            if (queue.Frames.First.LengthBytes > queue.DeficitBytes)
            {
                queue.HasTurn = false;
                RemoveFirst();
                Append(queue);
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
            DatagramCost -= frame.CostBytes;
            bytes += frame.LengthBytes;
            batch[count++] = frame;
            if (queue.Room is not null && queue.CostBytes <= roomBytes)
            {
                queue.TellRoom();
            }

            if (queue.Frames.Count == 0)
            {
                RemoveFirst();
                Retire(queue);
            }
        }
    }

    private void Append(ChannelQueue queue)
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

    private void RemoveFirst()
    {
        _roundFirst = _roundFirst!.Next;
        if (_roundFirst is null)
        {
            _roundLast = null;
        }
    }

    private ChannelQueue TakeSpare()
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
    private void Retire(ChannelQueue queue)
    {
        _channels.Remove(queue.Channel);
        queue.DeficitBytes = 0;
        queue.HasTurn = false;
        if (_spareCount < SpareQueuesMax)
        {
            queue.Next = _spare;
            _spare = queue;
            _spareCount++;
        }
    }
}
