using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace OrleansUem.Transport;

/// <summary>
/// The connections of a listener that are not admitted, bounded in all and for each address as <see cref="AddressLimiter"/> counts them. At a bound the one that has kept us waiting longest makes room, if that is
/// at least <see cref="GraceTime"/>; where there is none the newcomer is refused. So peers that say nothing can't keep others out by holding all places, and a crowd that comes back at once after
/// an outage, whose peers answer, is not thrown out half-way. Thread-safe.
/// </summary>
internal sealed class PendingConnections
{
    /// <summary>One address gets this part of the places, at least one.</summary>
    public const int AddressShare = 8;

    /// <summary>A round trip on the slowest mobile network takes no longer. More would let silent peers keep their places longer.</summary>
    public static readonly TimeSpan GraceTime = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<PendingConnection> _waiting = new();
    private readonly Dictionary<ulong, AddressEntry> _addresses = [];
    private readonly TimeProvider _time;
    private readonly int _max;
    private readonly int _maxPerAddress;
    private int _count;

    /// <param name="max">How many in all.</param>
    /// <param name="time">The clock.</param>
    public PendingConnections(int max, TimeProvider time)
    {
        _time = time;
        _max = max;
        _maxPerAddress = Math.Max(1, max / AddressShare);
    }

    /// <summary>Pending connections now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Addresses that have some.</summary>
    public int AddressCount
    {
        get
        {
            lock (_lock)
            {
                return _addresses.Count;
            }
        }
    }

    /// <summary>Adds a connection, which waits for its peer; another one may have to go for it.</summary>
    /// <returns>False when there is no room.</returns>
    public bool TryAdd(IPAddress address, [NotNullWhen(true)] out PendingConnection? added)
    {
        added = new PendingConnection(this, AddressLimiter.KeyOf(address));
        PendingConnection? displaced = null;
        lock (_lock)
        {
            var own = _addresses.GetValueOrDefault(added.Address);
            var crowded = own is not null && own.Count >= _maxPerAddress ? own.Waiting : _count >= _max ? _waiting : null;
            if (crowded is not null)
            {
                displaced = crowded.First?.Value;
                if (displaced is null || _time.GetElapsedTime(displaced.WaitingSince) < GraceTime)
                {
                    added = null;
                    return false;
                }

                displaced.IsDisplaced = true;
                RemoveLocked(displaced);
            }

            AddLocked(added);
        }

        displaced?.Displace();
        return true;
    }

    internal void SetWaiting(PendingConnection connection, bool isWaiting)
    {
        lock (_lock)
        {
            if (connection.IsIn && isWaiting != (connection.WaitingNode.List is not null))
            {
                var ofAddress = _addresses[connection.Address].Waiting;
                if (isWaiting)
                {
                    connection.WaitingSince = _time.GetTimestamp();
                    _waiting.AddLast(connection.WaitingNode);
                    ofAddress.AddLast(connection.AddressNode);
                }
                else
                {
                    _waiting.Remove(connection.WaitingNode);
                    ofAddress.Remove(connection.AddressNode);
                }
            }
        }
    }

    internal void Remove(PendingConnection connection)
    {
        lock (_lock)
        {
            RemoveLocked(connection);
        }
    }

    private void AddLocked(PendingConnection added)
    {
        // Looked up again: making room may have removed the address's entry.
        if (!_addresses.TryGetValue(added.Address, out var own))
        {
            own = new AddressEntry();
            _addresses.Add(added.Address, own);
        }

        own.Count++;
        _count++;
        added.WaitingSince = _time.GetTimestamp();
        _waiting.AddLast(added.WaitingNode);
        own.Waiting.AddLast(added.AddressNode);
    }

    private void RemoveLocked(PendingConnection connection)
    {
        if (!connection.IsIn)
        {
            return;
        }

        var own = _addresses[connection.Address];
        if (connection.WaitingNode.List is not null)
        {
            _waiting.Remove(connection.WaitingNode);
            own.Waiting.Remove(connection.AddressNode);
        }

        connection.MarkOut();
        _count--;
        if (--own.Count == 0)
        {
            _addresses.Remove(connection.Address);
        }
    }

    private sealed class AddressEntry
    {
        public LinkedList<PendingConnection> Waiting { get; } = new();

        public int Count { get; set; }
    }
}
