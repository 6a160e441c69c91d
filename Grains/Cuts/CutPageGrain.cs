using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Storage;

namespace OrleansUem.Grains.Cuts;

/// <summary>A page of the cut ledger.</summary>
public sealed class CutPageGrain([PersistentState("cut-page")] IPersistentState<CutPageState> state) : Grain, ICutPageGrain
{
    public Task PutAsync(CutEntry entry) => state.ReplaceAsync(new CutPageState
    {
        Entries = [.. state.State.Entries.Where(other => other.Sequence < entry.Sequence), entry],
    });

    public Task<ImmutableArray<CutEntry>> ReadAsync() => Task.FromResult(state.State.Entries);

    public async Task DropAsync()
    {
        await state.ClearStateAsync();
        DeactivateOnIdle();
    }
}
