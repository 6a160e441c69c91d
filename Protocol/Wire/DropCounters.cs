namespace OrleansUem.Protocol.Wire;

/// <summary>How often something was dropped, by reason. Any thread adds and reads; a run of drops is one addition.</summary>
public sealed class DropCounters
{
    private static readonly int Size = (int)Enum.GetValues<DropReason>().Max() + 1;

    private readonly long[] _counts = new long[Size];

    /// <summary>The count of a reason.</summary>
    /// <param name="reason">Which.</param>
    public long this[DropReason reason] => Volatile.Read(ref _counts[(int)reason]);

    /// <summary>Counts.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="count">How many.</param>
    public void Add(DropReason reason, long count = 1) => Interlocked.Add(ref _counts[(int)reason], count);

    /// <summary>Adds all of another's.</summary>
    /// <param name="other">Figures of something that is over.</param>
    public void AddAll(DropCounters other)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var i = 0; i < Size; i++)
        {
            Interlocked.Add(ref _counts[i], Volatile.Read(ref other._counts[i]));
        }
    }
}
