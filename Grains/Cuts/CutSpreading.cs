using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Cuts;

/// <summary>A cut's way: into the ledger, then to all edges.</summary>
internal static class CutSpreading
{
    /// <summary>Durable on return, whatever the edges said.</summary>
    internal static async Task<CutResult> SpreadAsync(CutEntry entry, IGrainFactory grains)
    {
        var taken = await grains.GetGrain<ICutLedgerGrain>(GrainKeys.Ledger).AppendAsync(entry);
        var told = await grains.GetGrain<IEdgeDirectoryGrain>(GrainKeys.Directory).SpreadCutAsync(taken);
        return new CutResult { Sequence = taken.Sequence, EdgesTold = told.EdgesTold, EdgesAcknowledged = told.EdgesAcknowledged };
    }
}
