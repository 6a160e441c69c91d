using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>Part of the cut ledger.</summary>
[GenerateSerializer, Immutable, Alias("uem.CutPage")]
public sealed record CutPage
{
    /// <summary>Entries in order; at most as many as were asked for.</summary>
    [Id(0)] public ImmutableArray<CutEntry> Entries { get; init; } = [];

    /// <summary>The newest sequence number of the ledger; more entries follow while the last one here is below it.</summary>
    [Id(1)] public ulong Newest { get; init; }

    /// <summary>Entries after the one asked for were trimmed: the edge ends all its sessions and continues from <see cref="Newest"/>.</summary>
    [Id(2)] public bool Resync { get; init; }
}
