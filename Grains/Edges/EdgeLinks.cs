using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Edges;

/// <summary>The links of one edge. Time is an argument. All links are of one process: a new process makes those of the old one void.</summary>
internal sealed class EdgeLinks(TimeSpan expiry)
{
    private readonly Dictionary<string, Entry> _links = new(StringComparer.Ordinal);

    /// <summary>Hexadecimal; null until a link was seen.</summary>
    internal string? ProcessId { get; private set; }

    internal IEnumerable<string> Silos => _links.Values.Select(entry => entry.SiloId).Distinct().Order(StringComparer.Ordinal);

    internal bool Knows(string linkId) => _links.ContainsKey(linkId);

    /// <summary>Adds or refreshes.</summary>
    /// <returns>The links that became void, because their edge process is over.</returns>
    internal IReadOnlyList<string> Put(EdgeLinkStart start, IEdgeLink link, DateTimeOffset now)
    {
        List<string> dead = [];
        if (ProcessId != start.ProcessId)
        {
            dead.AddRange(_links.Keys);
            _links.Clear();
            ProcessId = start.ProcessId;
        }

        _links[start.LinkId] = new Entry(start.LinkId, start.SiloId, link, now);
        return dead;
    }

    internal bool Remove(string linkId) => _links.Remove(linkId);

    /// <summary>The link that was heard of last, since the others may be dying; null when there is none.</summary>
    internal (string LinkId, IEdgeLink Link)? Pick(DateTimeOffset now)
    {
        Entry? best = null;
        foreach (var entry in _links.Values.ToArray())
        {
            if (now - entry.SeenAt > expiry)
            {
                _links.Remove(entry.LinkId);
            }
            else if (best is null || entry.SeenAt > best.SeenAt)
            {
                best = entry;
            }
        }

        return best is null ? null : (best.LinkId, best.Link);
    }

    internal void Clear() => _links.Clear();

    private sealed record Entry(string LinkId, string SiloId, IEdgeLink Link, DateTimeOffset SeenAt);
}
