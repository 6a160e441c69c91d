namespace OrleansUem.Embedded.Runtime;

/// <summary>
/// Ends the waiting of callers whose call takes too long. Calls enter and leave lists in constant time;
/// one timer entry stands for the earliest deadline.
/// </summary>
internal sealed class ResponseTimeouts : TimerEntry
{
    // Deadlines this close are ended in one sweep, so that the order of a call chain holds.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(5);

    private readonly TimerQueue _timers;
    private readonly TimeProvider _time;
    private readonly Shard[] _shards;
    private readonly Lock _armLock = new();
    private readonly long _slackStamps;
    private long _armedStamp = long.MaxValue;

    internal ResponseTimeouts(TimerQueue timers, TimeProvider time)
    {
        _timers = timers;
        _time = time;
        _slackStamps = (long)(Slack.TotalSeconds * time.TimestampFrequency);
        _shards = [.. Enumerable.Range(0, Math.Min(16, Environment.ProcessorCount * 2)).Select(static _ => new Shard())];
    }

    internal static void Remove(Request request)
    {
        var list = request.TimeoutList;
        if (list is null)
        {
            return;
        }

        lock (list.Shard)
        {
            if (ReferenceEquals(request.TimeoutList, list))
            {
                list.Remove(request);
            }
        }
    }

    internal void Add(Request request, TimeSpan timeout)
    {
        var shard = _shards[Environment.CurrentManagedThreadId % _shards.Length];
        lock (shard.Lock)
        {
            shard.ListOf(timeout).Add(request);
        }

        if (request.Deadline < Volatile.Read(ref _armedStamp))
        {
            Arm(request.Deadline);
        }
    }

    /// <summary>Ends the waiting of all callers: the host stops.</summary>
    internal void FailAll(Exception failure)
    {
        var left = new List<Request>();
        foreach (var shard in _shards)
        {
            lock (shard.Lock)
            {
                shard.Take(long.MaxValue, left);
            }
        }

        foreach (var request in left)
        {
            request.TryFail(failure);
        }
    }

    internal override void Fire()
    {
        Volatile.Write(ref _armedStamp, long.MaxValue);
        var limit = _time.GetTimestamp() + _slackStamps;
        var next = long.MaxValue;
        var expired = new List<Request>();
        foreach (var shard in _shards)
        {
            lock (shard.Lock)
            {
                next = Math.Min(next, shard.Take(limit, expired));
            }
        }

        if (next != long.MaxValue)
        {
            Arm(next);
        }

        expired.Sort(static (left, right) =>
            left.Deadline != right.Deadline ? left.Deadline.CompareTo(right.Deadline) : left.Depth.CompareTo(right.Depth));
        foreach (var request in expired)
        {
            request.Expire();
        }
    }

    private void Arm(long stamp)
    {
        lock (_armLock)
        {
            if (stamp < _armedStamp)
            {
                Volatile.Write(ref _armedStamp, stamp);
                _timers.SetAt(this, stamp);
            }
        }
    }

    private sealed class Shard
    {
        // A handful: one for the default and one for each [ResponseTimeout] value.
        private readonly List<TimeoutList> _lists = [];

        internal Lock Lock { get; } = new();

        internal TimeoutList ListOf(TimeSpan timeout)
        {
            foreach (var list in _lists)
            {
                if (list.Timeout == timeout)
                {
                    return list;
                }
            }

            var added = new TimeoutList(Lock, timeout);
            _lists.Add(added);
            return added;
        }

        internal long Take(long limit, List<Request> expired)
        {
            var next = long.MaxValue;
            foreach (var list in _lists)
            {
                while (list.First is { } first && first.Deadline <= limit)
                {
                    list.Remove(first);
                    expired.Add(first);
                }

                next = Math.Min(next, list.First?.Deadline ?? long.MaxValue);
            }

            return next;
        }
    }
}
