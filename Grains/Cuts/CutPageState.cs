using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Cuts;

/// <summary>A page of the ledger: <see cref="CutLedgerRules.PageEntries"/> entries at most.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.CutPage")]
public sealed record CutPageState
{
    [Id(0)] public ImmutableArray<CutEntry> Entries { get; init; } = [];
}
