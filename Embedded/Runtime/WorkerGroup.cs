namespace OrleansUem.Embedded.Runtime;

/// <summary>The activations of one stateless worker identity.</summary>
internal sealed class WorkerGroup
{
    private readonly Lock _lock = new();
    private Activation[] _workers = [];
    private int _next;

    internal int Count => _workers.Length;

    internal Activation[] Snapshot() => _workers;

    /// <summary>An idle worker, else a new one while the limit allows, else the next in turn.</summary>
    internal Activation Pick(GrainClass grainClass, string key, int limit)
    {
        foreach (var worker in _workers)
        {
            if (worker.IsIdle)
            {
                return worker;
            }
        }

        lock (_lock)
        {
            if (_workers.Length < limit)
            {
                var worker = new Activation(grainClass, key);
                _workers = [.. _workers, worker];
                return worker;
            }

            _next = (_next + 1) % _workers.Length;
            return _workers[_next];
        }
    }

    internal void Remove(Activation worker)
    {
        lock (_lock)
        {
            _workers = [.. _workers.Where(other => !ReferenceEquals(other, worker))];
        }
    }
}
