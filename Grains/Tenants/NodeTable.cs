using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Tenants;

/// <summary>
/// Which nodes of a tenant are attached and how many tunnels each carries, as far as one activation knows. Pure. Sessions of a node are told apart by
/// generation: what concerns an earlier one than the last heard of changes nothing, in whatever order it arrives.
/// </summary>
internal sealed class NodeTable
{
    private readonly SortedDictionary<string, Entry> _nodes = new(StringComparer.Ordinal);

    internal ImmutableArray<string> Attached => [.. _nodes.Where(pair => pair.Value.Session is not null).Select(pair => pair.Key)];

    internal void Attach(string nodeId, SessionKey session)
    {
        if (session.Generation > (_nodes.GetValueOrDefault(nodeId)?.Generation ?? 0))
        {
            _nodes[nodeId] = new Entry { Session = session, Generation = session.Generation };
        }
    }

    internal void Lose(string nodeId, SessionKey session)
    {
        if (session.Generation >= (_nodes.GetValueOrDefault(nodeId)?.Generation ?? 0))
        {
            _nodes[nodeId] = new Entry { Generation = session.Generation };
        }
    }

    internal void SetLoad(string nodeId, int tunnels)
    {
        if (_nodes.TryGetValue(nodeId, out var entry))
        {
            entry.Tunnels = tunnels;
        }
    }

    /// <summary>The node asked for, or the one with the fewest tunnels; the first by name among equals. Counts one tunnel for it until its grain reports, so that a burst spreads.</summary>
    internal string? Pick(NodeChoice choice)
    {
        var best = default(KeyValuePair<string, Entry>);
        foreach (var pair in _nodes)
        {
            if (pair.Value.Session is not null
                && (choice.NodeId.Length == 0 || choice.NodeId == pair.Key)
                && !choice.Except.Contains(pair.Key)
                && (best.Value is null || pair.Value.Tunnels < best.Value.Tunnels))
            {
                best = pair;
            }
        }

        if (best.Value is not null)
        {
            best.Value.Tunnels++;
        }

        return best.Key;
    }

    /// <summary>Attached nodes, the least loaded first.</summary>
    internal ImmutableArray<AttachedNode> ByLoad() =>
    [
        .. _nodes.Where(pair => pair.Value.Session is not null)
            .OrderBy(pair => pair.Value.Tunnels)
            .Select(pair => new AttachedNode { NodeId = pair.Key, Session = pair.Value.Session! }),
    ];

    private sealed class Entry
    {
        internal SessionKey? Session { get; init; }

        internal ulong Generation { get; init; }

        internal int Tunnels { get; set; }
    }
}
