using System.Security.Cryptography;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// The sessions of the edge: all that sent ATTACH by id, the attached ones also by identity. The edge is the truth for presence; a newer generation fences
/// an older one. Thread-safe; used by control only.
/// </summary>
internal sealed class SessionTable(int maxSessions)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, EdgeSession> _byId = [];
    private readonly Dictionary<PeerIdentity, EdgeSession> _present = [];
    private TaskCompletionSource? _empty;

    // A random start: a route that names a session of this edge's former process must not meet another peer's session of the same number.
    private ulong _lastId = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) << 24;

    /// <summary>Attached sessions.</summary>
    public int PresentCount
    {
        get
        {
            lock (_lock)
            {
                return _present.Count;
            }
        }
    }

    /// <summary>Ends when there is no session, attached or attaching.</summary>
    public Task WhenEmptyAsync()
    {
        lock (_lock)
        {
            return _byId.Count == 0
                ? Task.CompletedTask
                : (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public ulong NextId() => Interlocked.Increment(ref _lastId);

    /// <returns>False when there are as many as there may be.</returns>
    public bool TryAdd(EdgeSession session)
    {
        lock (_lock)
        {
            return _byId.Count < maxSessions && _byId.TryAdd(session.Id, session);
        }
    }

    /// <summary>The silo accepted the session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="replaced">The older session of the same peer, to be ended with Replaced.</param>
    /// <returns>False when a newer one is present.</returns>
    public bool TryPresent(EdgeSession session, out EdgeSession? replaced)
    {
        lock (_lock)
        {
            if (_present.TryGetValue(session.Identity, out replaced) && replaced.Generation >= session.Generation)
            {
                replaced = null;
                return false;
            }

            _present[session.Identity] = session;
            return true;
        }
    }

    public void Remove(EdgeSession session)
    {
        lock (_lock)
        {
            _byId.Remove(session.Id);
            if (_present.TryGetValue(session.Identity, out var present) && present == session)
            {
                _present.Remove(session.Identity);
            }

            if (_byId.Count == 0)
            {
                _empty?.SetResult();
                _empty = null;
            }
        }
    }

    /// <summary>Finds an attached session by id; another generation is another session.</summary>
    public EdgeSession? Find(ulong id, ulong generation)
    {
        lock (_lock)
        {
            return _byId.TryGetValue(id, out var session) && session.IsAttached && session.Generation == generation ? session : null;
        }
    }

    public IEnumerable<Presence> Locate(IEnumerable<string> identities)
    {
        lock (_lock)
        {
            return [.. identities.Select(identity => PeerIdentity.TryParse(identity, out var peer) ? _present.GetValueOrDefault(peer) : null).OfType<EdgeSession>()
                .Select(session => new Presence { Identity = session.IdentityText, SessionId = session.Id, Generation = session.Generation })];
        }
    }

    public EdgeSession[] ToArray()
    {
        lock (_lock)
        {
            return [.. _byId.Values];
        }
    }
}
