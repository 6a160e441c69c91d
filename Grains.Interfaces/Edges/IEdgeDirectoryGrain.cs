using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// The edges that are linked, key <see cref="GrainKeys.Directory"/>. Asks or tells all of them, a bounded number at a time. Interleaves. Keeps nothing:
/// edge grains announce themselves at every refresh of a link.
/// </summary>
[Alias("uem.IEdgeDirectoryGrain")]
public interface IEdgeDirectoryGrain : IGrainWithStringKey
{
    /// <summary>An edge has a link. Called by its edge grain; idempotent.</summary>
    /// <param name="edgeId">The edge.</param>
    /// <returns>A task.</returns>
    [Alias("Linked")]
    Task LinkedAsync(string edgeId);

    /// <summary>An edge has no link any more.</summary>
    /// <param name="edgeId">The edge.</param>
    /// <returns>A task.</returns>
    [Alias("Unlinked")]
    Task UnlinkedAsync(string edgeId);

    /// <summary>The edges that are linked, in the order of names.</summary>
    /// <returns>Their names.</returns>
    [Alias("List")]
    Task<ImmutableArray<string>> ListAsync();

    /// <summary>Asks all edges where peers are. Callers are coalesced: while one round is under way the next one gathers.</summary>
    /// <param name="identities">SAN URIs, at most 1,000.</param>
    /// <returns>What was found within 2 s.</returns>
    [Alias("Locate"), ResponseTimeout("00:00:20")]
    Task<LocateResult> LocateAsync(ImmutableArray<string> identities);

    /// <summary>Tells all edges of a cut that the ledger has taken.</summary>
    /// <param name="entry">The newest entry.</param>
    /// <returns>The acknowledgements within the cut timeout.</returns>
    [Alias("SpreadCut"), ResponseTimeout("00:00:20")]
    Task<CutAcknowledgements> SpreadCutAsync(CutEntry entry);
}
