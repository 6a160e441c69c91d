namespace OrleansUem.Protocol.Wire;

/// <summary>How often something was dropped, by reason. Any thread adds and reads; a run of drops is one addition. Most count nothing ever: the counts are made with the first drop.</summary>
public sealed class DropCounters
{
    private static readonly int Size = (int)Enum.GetValues<DropReason>().Max() + 1;

    private long[]? _counts;

    /// <summary>The count of a reason.</summary>
    /// <param name="reason">Which.</param>
    public long this[DropReason reason] => Volatile.Read(ref _counts) is { } counts ? Volatile.Read(ref counts[(int)reason]) : 0;

    /// <summary>Counts.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="count">How many.</param>
    public void Add(DropReason reason, long count = 1)
    {
        if (count != 0)
        {
            Interlocked.Add(ref Counts()[(int)reason], count);
        }
    }

    /// <summary>Adds all of another's.</summary>
    /// <param name="other">Figures of something that is over.</param>
    public void AddAll(DropCounters other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Volatile.Read(ref other._counts) is not { } others)
        {
            return;
        }

        var counts = Counts();
        for (var i = 0; i < Size; i++)
        {
            Interlocked.Add(ref counts[i], Volatile.Read(ref others[i]));
        }
    }

    // Two threads that begin at once agree on one array.
    private long[] Counts() =>
        Volatile.Read(ref _counts) ?? (Interlocked.CompareExchange(ref _counts, new long[Size], null) is { } first ? first : _counts);
}
