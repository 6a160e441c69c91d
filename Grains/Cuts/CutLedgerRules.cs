namespace OrleansUem.Grains.Cuts;

/// <summary>Where a cut is stored. Pure. Pages keep a write small: one page and the ledger's two numbers, whatever the ledger's length.</summary>
internal static class CutLedgerRules
{
    /// <summary>Entries of a page: some 25 KB of JSON.</summary>
    internal const int PageEntries = 128;

    /// <summary>Entries kept at least; more by at most a page. Arbitrary: an edge that missed more was away for long and loses little by starting anew.</summary>
    internal const int MaxEntries = 10_000;

    internal static ulong PageOf(ulong sequence) => (sequence - 1) / PageEntries;

    internal static ulong FirstOf(ulong page) => (page * PageEntries) + 1;

    /// <summary>The state after one more entry, and the page to drop, if any.</summary>
    internal static (CutLedgerState Next, ulong? Dropped) Append(CutLedgerState state)
    {
        var next = state with { Newest = state.Newest + 1 };
        var kept = next.Newest + 1 - FirstOf(state.FirstPage);
        return kept >= MaxEntries + PageEntries
            ? (next with { FirstPage = state.FirstPage + 1 }, state.FirstPage)
            : (next, null);
    }

    /// <summary>Whether entries after this one were trimmed.</summary>
    internal static bool NeedsResync(CutLedgerState state, ulong after) => after + 1 < FirstOf(state.FirstPage) || after > state.Newest;
}
