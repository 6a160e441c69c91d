namespace OrleansUem.Embedded.Runtime;

/// <summary>The queues of an activation that is not idle. Guarded by the activation's lock; pooled by threads.</summary>
internal sealed class Mailbox
{
    // A queue that grew beyond this is left to the collector.
    private const int PooledCapacityMax = 256;

    private const int PooledMax = 64;

    [ThreadStatic]
    private static Stack<Mailbox>? _pool;

    /// <summary>Tasks of the scheduler and requests that have not been looked at, in order of arrival.</summary>
    internal Queue<object> Ready { get; } = new();

    /// <summary>Requests that may not run yet, in order of arrival.</summary>
    internal RequestList Waiting { get; } = new();

    /// <summary>The call that keeps others out; null while only always-interleaving ones run.</summary>
    internal Request? Blocking { get; set; }

    /// <summary>Calls in flight.</summary>
    internal int RunningCount { get; set; }

    /// <summary>Requests in <see cref="Ready"/> and <see cref="Waiting"/>.</summary>
    internal int Queued { get; set; }

    /// <summary>A call has ended or the lifecycle changed: a waiting request may have become admissible.</summary>
    internal bool MustRecheck { get; set; }

    internal bool IsUnused => RunningCount == 0 && Queued == 0 && Ready.Count == 0;

    internal static Mailbox Rent() => _pool is { Count: > 0 } pool ? pool.Pop() : new Mailbox();

    /// <summary>Takes out all requests, the waiting ones first; tasks stay.</summary>
    internal List<Request> TakeRequests()
    {
        var requests = new List<Request>();
        while (Waiting.First is { } request)
        {
            Waiting.Remove(request);
            requests.Add(request);
        }

        for (var count = Ready.Count; count > 0; count--)
        {
            var work = Ready.Dequeue();
            if (work is Request request)
            {
                requests.Add(request);
            }
            else
            {
                Ready.Enqueue(work);
            }
        }

        Queued = 0;
        return requests;
    }

    internal void Return()
    {
        MustRecheck = false;
        Blocking = null;
        var pool = _pool ??= new Stack<Mailbox>();
        if (pool.Count < PooledMax && Ready.Capacity <= PooledCapacityMax)
        {
            pool.Push(this);
        }
    }
}
