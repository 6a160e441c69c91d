using System.Runtime.CompilerServices;
using OrleansUem.Transport.Native;

namespace OrleansUem.Transport;

/// <summary>
/// The threads that compute TLS handshakes of a server: a few, and below all others in priority, so that a flood of handshakes takes what CPU is left over and established sessions keep theirs. A handshake
/// takes a turn for each step, between two waits for its peer; addresses take turns with each other, so one that sends a thousand hellos delays another by one step and not by a thousand. Thread-safe.
/// </summary>
/// <remarks>What waits here is bounded by who posts: a listener has one step at most for each pending connection.</remarks>
public sealed class HandshakeThreads : IDisposable
{
    /// <summary>Most threads.</summary>
    public const int CountMax = 64;

    /// <summary>Under contention a thread of nice 10 gets a tenth of what one of nice 0 gets (weights 110 and 1,024, sched(7)).</summary>
    private const int Nice = 10;

    // A monitor, since its wait sleeps at once: a semaphore's spins for as long as it would take to compute a fifth of a step.
    private readonly object _lock = new();
    private readonly Dictionary<ulong, Queue<Action>> _steps = [];
    private readonly Queue<ulong> _turns = [];
    private readonly Thread[] _threads;
    private bool _isStopping;

    /// <param name="count">How many threads, 1..<see cref="CountMax"/>; null: half the cores, at least one.</param>
    public HandshakeThreads(int? count = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count ?? 1, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count ?? 1, CountMax);
        _threads = [.. Enumerable.Range(0, count ?? DefaultCount).Select(Start)];
    }

    /// <summary>Half the cores, at least one.</summary>
    public static int DefaultCount => Math.Clamp(Environment.ProcessorCount / 2, 1, CountMax);

    /// <summary>Ends the threads. After the last user.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isStopping = true;
            Monitor.PulseAll(_lock);
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    /// <summary>Await it to go on with one of these threads.</summary>
    /// <param name="address">Whose turn it is, as <see cref="AddressLimiter"/> counts addresses.</param>
    internal Turn TakeTurn(ulong address) => new(this, address);

    /// <summary>Runs the step with one of the threads. It must not throw, and must not block.</summary>
    internal void Post(ulong address, Action step)
    {
        lock (_lock)
        {
            if (!_steps.TryGetValue(address, out var steps))
            {
                steps = new Queue<Action>();
                _steps.Add(address, steps);
                _turns.Enqueue(address);
            }

            steps.Enqueue(step);
            Monitor.Pulse(_lock);
        }
    }

    private Thread Start(int number)
    {
        var thread = new Thread(Run) { IsBackground = true, Name = $"handshakes {number}" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        // Where the kernel refuses, the number of threads is still a bound.
        _ = ThreadCalls.TrySetNice(Nice);
        while (Next() is { } step)
        {
            step();
        }
    }

    // Waits for a step; null when there is none and will be none.
    private Action? Next()
    {
        lock (_lock)
        {
            ulong address;
            while (!_turns.TryDequeue(out address))
            {
                if (_isStopping)
                {
                    return null;
                }

                Monitor.Wait(_lock);
            }

            var steps = _steps[address];
            var step = steps.Dequeue();
            if (steps.Count == 0)
            {
                _steps.Remove(address);
            }
            else
            {
                _turns.Enqueue(address);
            }

            return step;
        }
    }

    internal readonly struct Turn(HandshakeThreads threads, ulong address) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Turn GetAwaiter() => this;

        public void GetResult()
        {
            // Nothing comes of a turn but the thread.
        }

        public void OnCompleted(Action continuation) => threads.Post(address, continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Post(address, continuation);
    }
}
