using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Cuts;

/// <summary>A page of the cut ledger, key its number. Called by the ledger only.</summary>
[Alias("uem.ICutPageGrain")]
public interface ICutPageGrain : IGrainWithIntegerKey
{
    /// <summary>Stores an entry in the place of its sequence number. Durable on return; an entry that a crash left there is replaced.</summary>
    [Alias("Put")]
    Task PutAsync(CutEntry entry);

    /// <summary>The entries in order.</summary>
    [Alias("Read"), ReadOnly]
    Task<ImmutableArray<CutEntry>> ReadAsync();

    /// <summary>Drops the page.</summary>
    [Alias("Drop")]
    Task DropAsync();
}
