using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>
/// The channels of one session: an array by index, so that the data path finds a tunnel with two reads and no lock. A released index goes to the end of the
/// free list and its generation goes up, so that a frame that was under way finds nothing. Allocation and release take a lock of the session.
/// </summary>
internal sealed class ChannelTable
{
    private const int FirstSize = 4;

    private readonly Lock _lock = new();
    private readonly int _maxChannels;
    private Queue<int>? _free;
    private ChannelSlot?[] _slots = new ChannelSlot?[FirstSize];
    private ushort[] _generations = new ushort[FirstSize];
    private int _nextIndex = 1;

    /// <param name="maxChannels">Channels at a time, 1..<see cref="Channel.MaxIndex"/>.</param>
    public ChannelTable(int maxChannels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxChannels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxChannels, Channel.MaxIndex);
        _maxChannels = maxChannels;
    }

    /// <summary>Channels in use.</summary>
    public int Count { get; private set; }

    /// <summary>Takes a channel.</summary>
    /// <param name="owner">The session.</param>
    /// <param name="offer">See <see cref="ChannelSlot.Offer"/>.</param>
    /// <returns>Null when all are in use.</returns>
    public ChannelSlot? TryAllocate(ITunnelPeer owner, TaskCompletionSource<Protocol.Messages.Refused?>? offer = null)
    {
        lock (_lock)
        {
            if (Count == _maxChannels)
            {
                return null;
            }

            // A fresh index comes first while there are any: re-use waits as long as it can.
            var index = _nextIndex <= _maxChannels ? _nextIndex++ : _free!.Dequeue();
            if (index >= _slots.Length)
            {
                Grow();
            }

            var slot = new ChannelSlot(Channel.Create(index, _generations[index]), owner) { Offer = offer };
            Volatile.Write(ref _slots[index], slot);
            Count++;
            return slot;
        }
    }

    /// <summary>Gives a channel back. Idempotent.</summary>
    public void Release(ChannelSlot slot)
    {
        lock (_lock)
        {
            var index = slot.Channel.Index;
            if (_slots[index] != slot)
            {
                return;
            }

            Volatile.Write(ref _slots[index], null);
            _generations[index] = (ushort)((_generations[index] + 1) & Channel.MaxGeneration);
            (_free ??= []).Enqueue(index);
            Count--;
        }
    }

    /// <summary>Finds a channel by what stands in a frame header.</summary>
    /// <param name="channel">Any bits.</param>
    /// <param name="drop">On null: StaleChannel when the index was in use, NoRoute when it never was.</param>
    /// <returns>The slot, or null.</returns>
    public ChannelSlot? Find(Channel channel, out DropReason drop)
    {
        var slots = Volatile.Read(ref _slots);
        var index = channel.Index;
        drop = DropReason.NoRoute;
        if (index >= slots.Length)
        {
            return null;
        }

        var slot = Volatile.Read(ref slots[index]);
        if (slot is not null && slot.Channel == channel)
        {
            return slot;
        }

        drop = slot is not null || Volatile.Read(ref _generations)[index] != channel.Generation
            ? DropReason.StaleChannel
            : DropReason.NoRoute;
        return null;
    }

    /// <summary>All channels in use.</summary>
    public ChannelSlot[] ToArray()
    {
        lock (_lock)
        {
            return [.. _slots.OfType<ChannelSlot>()];
        }
    }

    // Readers go on with the array they have: it is replaced, not changed, and an entry that they miss was allocated after their frame.
    private void Grow()
    {
        var size = Math.Min(_slots.Length * 2, Channel.MaxIndex + 1);
        var slots = new ChannelSlot?[size];
        var generations = new ushort[size];
        Array.Copy(_slots, slots, _slots.Length);
        Array.Copy(_generations, generations, _generations.Length);
        Volatile.Write(ref _generations, generations);
        Volatile.Write(ref _slots, slots);
    }
}
