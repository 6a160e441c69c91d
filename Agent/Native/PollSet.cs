namespace OrleansUem.Agent.Native;

/// <summary>Descriptors that one thread waits for together: filled anew before each wait. Grows to the most that were ever waited for.</summary>
internal sealed class PollSet
{
    private Libc.PollEntry[] _entries = new Libc.PollEntry[64];
    private int _count;

    /// <summary>Forgets all.</summary>
    public void Clear() => _count = 0;

    /// <summary>Adds a descriptor, which the caller keeps open until the wait is over.</summary>
    /// <returns>Its index for <see cref="ReturnedEvents"/>.</returns>
    public int Add(int descriptor, short events)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        _entries[_count] = new Libc.PollEntry { Descriptor = descriptor, Events = events };
        return _count++;
    }

    /// <summary>What the last wait found.</summary>
    public short ReturnedEvents(int index) => _entries[index].ReturnedEvents;

    /// <summary>Waits; a signal ends it early with nothing found.</summary>
    /// <param name="timeoutMilliseconds"><see cref="uint.MaxValue"/>: without limit.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public void Wait(uint timeoutMilliseconds)
    {
        var limit = new Libc.TimeLimit { Seconds = timeoutMilliseconds / 1_000, Nanoseconds = timeoutMilliseconds % 1_000 * 1_000_000 };
        ReadOnlySpan<Libc.TimeLimit> limits = timeoutMilliseconds == uint.MaxValue ? [] : [limit];
        if (Libc.Poll(_entries, (nuint)_count, limits, []) >= 0)
        {
            return;
        }

        var errno = ErrnoText.Last();
        if (errno != Errno.EINTR)
        {
            throw new IOException($"Waiting for sockets failed: {ErrnoText.Describe(errno)}.");
        }

        foreach (ref var entry in _entries.AsSpan(0, _count))
        {
            entry.ReturnedEvents = 0;
        }
    }
}
