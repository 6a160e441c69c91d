using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Edges;

/// <summary>The edges that are linked: asks or tells all of them. In memory only; edge grains announce themselves at every refresh.</summary>
[Reentrant]
public sealed partial class EdgeDirectoryGrain(GrainOptions options, TimeProvider time, ILogger<EdgeDirectoryGrain> logger)
    : Grain, IEdgeDirectoryGrain
{
    /// <summary>Identities in one LOCATE: 96 of at most 145 bytes stay below the 16,640 of a frame, in the answer too.</summary>
    internal const int MaxIdentitiesInFrame = 96;

    private const int MaxIdentitiesInCall = 1_000;

    private readonly SortedDictionary<string, DateTimeOffset> _edges = new(StringComparer.Ordinal);
    private LocateRound? _gathering;
    private bool _isLocating;

    public Task LinkedAsync(string edgeId)
    {
        _edges[edgeId] = time.GetUtcNow();
        return Task.CompletedTask;
    }

    public Task UnlinkedAsync(string edgeId)
    {
        _edges.Remove(edgeId);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<string>> ListAsync() => Task.FromResult(Linked());

    public async Task<LocateResult> LocateAsync(ImmutableArray<string> identities)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(identities.Length, MaxIdentitiesInCall);
        var round = _gathering ??= new LocateRound();
        round.Identities.UnionWith(identities);
        if (!_isLocating)
        {
            _isLocating = true;
            RunRoundsAsync().Ignore();
        }

        await round.Done.Task;
        return round.For(identities);
    }

    public async Task<CutAcknowledgements> SpreadCutAsync(CutEntry entry)
    {
        var edges = Linked();
        var acknowledged = 0;
        await BoundedFanOut.ForEachAsync(edges, async edge =>
        {
            try
            {
                var applied = await GrainFactory.GetGrain<IEdgeGrain>(edge)
                    .ApplyCutsAsync(entry, (int)options.CutTimeout.TotalMilliseconds);
                acknowledged += applied ? 1 : 0;
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // The edge gets the cut from the ledger when it is heard of again.
                LogEdgeFailed(fault);
            }
        });
        return new CutAcknowledgements { EdgesTold = edges.Length, EdgesAcknowledged = acknowledged };
    }

    private async Task RunRoundsAsync()
    {
        while (_gathering is { } round)
        {
            _gathering = null;
            var edges = Linked();
            round.EdgesAsked = edges.Length;
            await BoundedFanOut.ForEachAsync(edges, edge => AskAsync(edge, round));
            LogLocated(round.Identities.Count, round.EdgesAnswered, round.EdgesAsked);
            round.Done.SetResult();
        }

        _isLocating = false;
    }

    private async Task AskAsync(string edge, LocateRound round)
    {
        try
        {
            foreach (var chunk in round.Identities.Chunk(MaxIdentitiesInFrame))
            {
                var answer = await GrainFactory.GetGrain<IEdgeGrain>(edge).AskAsync(new EdgeQuestion
                {
                    Body = ControlBodies.Locate(chunk),
                    TimeoutMs = (int)options.LocateTimeout.TotalMilliseconds,
                });
                if (answer.Reason != Reason.None || ControlBodies.TryParse(answer) is not { Located: { } located })
                {
                    return;
                }

                foreach (var peer in located.Present)
                {
                    round.Found(peer.Identity, new SessionKey { EdgeId = edge, SessionId = peer.SessionId, Generation = peer.Generation });
                }
            }

            round.EdgesAnswered++;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // Counts as an edge that did not answer.
            LogEdgeFailed(fault);
        }
    }

    private ImmutableArray<string> Linked()
    {
        var oldest = time.GetUtcNow() - options.LinkExpiry;
        foreach (var edge in _edges.Where(pair => pair.Value < oldest).Select(pair => pair.Key).ToArray())
        {
            _edges.Remove(edge);
        }

        return [.. _edges.Keys];
    }

    [LoggerMessage(3250, LogLevel.Warning, "An edge grain failed")]
    private partial void LogEdgeFailed(Exception fault);

    [LoggerMessage(3251, LogLevel.Debug, "Asked where {Peers} peers are: {Answered} of {Asked} edges answered")]
    private partial void LogLocated(int peers, int answered, int asked);
}
