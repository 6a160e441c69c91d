namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// Every cut of the installation in order, key <see cref="GrainKeys.Ledger"/>. Keeps the newest 10,000; an edge that is further behind ends all its
/// sessions, since it can't know whom it missed. Called by grains that cut and by edge grains that catch up.
/// </summary>
[Alias("uem.ICutLedgerGrain")]
public interface ICutLedgerGrain : IGrainWithStringKey
{
    /// <summary>Takes a cut. Durable on return. Not idempotent: a second call is a second cut, which is harmless.</summary>
    /// <param name="entry">The cut with <see cref="CutEntry.Sequence"/> 0.</param>
    /// <returns>The entry with its sequence number.</returns>
    [Alias("Append")]
    Task<CutEntry> AppendAsync(CutEntry entry);

    /// <summary>Reads on.</summary>
    /// <param name="after">The last sequence number known; 0: none.</param>
    /// <param name="maxEntries">1..256.</param>
    /// <returns>What follows.</returns>
    [Alias("ReadAfter"), ReadOnly]
    Task<CutPage> ReadAfterAsync(ulong after, int maxEntries);
}
