namespace OrleansUem.Grains.Cuts;

/// <summary>What is stored of the ledger beside its pages.</summary>
[GenerateSerializer, Immutable, Alias("uem.state.CutLedger")]
public sealed record CutLedgerState
{
    /// <summary>The newest sequence number; 0: none.</summary>
    [Id(0)] public ulong Newest { get; init; }

    /// <summary>The oldest page that is kept.</summary>
    [Id(1)] public ulong FirstPage { get; init; }
}
