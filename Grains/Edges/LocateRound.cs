using OrleansUem.Grains.Interfaces;

namespace OrleansUem.Grains.Edges;

/// <summary>One round of LOCATE for all who asked while the round before was under way.</summary>
internal sealed class LocateRound
{
    private readonly Dictionary<string, SessionKey> _found = new(StringComparer.Ordinal);

    internal HashSet<string> Identities { get; } = new(StringComparer.Ordinal);

    internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal int EdgesAsked { get; set; }

    internal int EdgesAnswered { get; set; }

    /// <summary>An edge has it. The highest generation wins: a lower one is a session that is being fenced.</summary>
    internal void Found(string identity, SessionKey session)
    {
        if (Identities.Contains(identity)
            && (!_found.TryGetValue(identity, out var there) || there.Generation < session.Generation))
        {
            _found[identity] = session;
        }
    }

    internal LocateResult For(IEnumerable<string> identities) => new()
    {
        Found = [.. identities.Where(_found.ContainsKey).Select(identity => new FoundPeer { Identity = identity, Session = _found[identity] })],
        EdgesAsked = EdgesAsked,
        EdgesAnswered = EdgesAnswered,
    };
}
