using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Storage;

namespace OrleansUem.Grains.Cuts;

/// <summary>Every cut of the installation in order. Entries live in pages; the ledger stores the newest number after the page has the entry.</summary>
public sealed partial class CutLedgerGrain(
    [PersistentState("cut-ledger")] IPersistentState<CutLedgerState> state, ILogger<CutLedgerGrain> logger) : Grain, ICutLedgerGrain
{
    private const int MaxReadEntries = 256;

    public async Task<CutEntry> AppendAsync(CutEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var (next, dropped) = CutLedgerRules.Append(state.State);
        var taken = entry with { Sequence = next.Newest };
        await Page(CutLedgerRules.PageOf(next.Newest)).PutAsync(taken);
        await state.ReplaceAsync(next);
        LogTaken(taken.Sequence);
        if (dropped is { } page)
        {
            await Page(page).DropAsync();
        }

        return taken;
    }

    public async Task<CutPage> ReadAfterAsync(ulong after, int maxEntries)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEntries, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxEntries, MaxReadEntries);
        var ledger = state.State;
        if (CutLedgerRules.NeedsResync(ledger, after))
        {
            return new CutPage { Newest = ledger.Newest, Resync = true };
        }

        var entries = ImmutableArray.CreateBuilder<CutEntry>();
        for (var next = after + 1; next <= ledger.Newest && entries.Count < maxEntries;)
        {
            var page = CutLedgerRules.PageOf(next);
            var room = maxEntries - entries.Count;
            entries.AddRange((await Page(page).ReadAsync())
                .Where(entry => entry.Sequence >= next && entry.Sequence <= ledger.Newest)
                .Take(room));
            next = CutLedgerRules.FirstOf(page + 1);
        }

        return new CutPage { Entries = entries.ToImmutable(), Newest = ledger.Newest };
    }

    private ICutPageGrain Page(ulong page) => GrainFactory.GetGrain<ICutPageGrain>((long)page);

    [LoggerMessage(3100, LogLevel.Information, "Cut {Sequence} is in the ledger")]
    private partial void LogTaken(ulong sequence);
}
