using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Paths;

namespace OrleansUem.Edge.Paths;

/// <summary>
/// The sessions' UDP paths by id and by address. Reads take no lock. Bounded by the sessions: an entry is made for a session, two addresses for an entry by probes that prove that they
/// are its peer's, and all go with the session.
/// </summary>
internal sealed class PathTable
{
    private readonly ConcurrentDictionary<ulong, SessionPath> _byId = new();
    private readonly ConcurrentDictionary<PathAddress, SessionPath> _byAddress = new();
    private TimeSpan _lookedAt;

    /// <summary>Sessions that use UDP now.</summary>
    public int UsedCount => _byId.Count(pair => pair.Value.Target is not null);

    /// <summary>Addresses known; at most two for a session.</summary>
    public int AddressCount => _byAddress.Count;

    /// <summary>64 random bits.</summary>
    public static ulong NewRandom()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>Makes a session's path.</summary>
    public SessionPath Add(EdgeSession session, ReadOnlySpan<byte> secret)
    {
        while (true)
        {
            var path = new SessionPath(this, session, Math.Max(1, NewRandom()), secret);
            if (_byId.TryAdd(path.Id, path))
            {
                return path;
            }
        }
    }

    /// <summary>Forgets a session's path and its addresses.</summary>
    public void Remove(SessionPath path)
    {
        _byId.TryRemove(path.Id, out _);
        path.End();
    }

    public SessionPath? Find(ulong id) => _byId.GetValueOrDefault(id);

    public SessionPath? Find(in PathAddress address) => _byAddress.GetValueOrDefault(address);

    /// <summary>Looks at all paths every five seconds, which is how late the end of one may be seen.</summary>
    public void Tick(TimeSpan now)
    {
        if (now - _lookedAt < TimeSpan.FromSeconds(5))
        {
            return;
        }

        _lookedAt = now;
        foreach (var (_, path) in _byId)
        {
            path.OnTime(now);
        }
    }

    /// <summary>
    /// An address is a path's candidate. One that is another path's stays there: until the token has come back the source address may be forged, and it must not take anybody's frames away.
    /// </summary>
    internal void Enter(in PathAddress address, SessionPath path) => _byAddress.TryAdd(address, path);

    /// <summary>An address was proven to be a path's. Where two sessions have one (a NAT gave a port to another), the last proof counts.</summary>
    internal void Prove(in PathAddress address, SessionPath path) => _byAddress[address] = path;

    internal void Leave(in PathAddress address, SessionPath path) => _byAddress.TryRemove(new KeyValuePair<PathAddress, SessionPath>(address, path));
}
