namespace OrleansUem.Protocol.Packets;

/// <summary>
/// Remembers what a policy has permitted: the flow of the last packet, so that a run of packets is judged once, and which fragmented datagrams have begun, so
/// that their later fragments follow. Time is an argument, in milliseconds of any monotonic clock. Bounded: at the limit the oldest datagram is forgotten and its
/// remaining fragments are dropped. Not safe for concurrent use: one per tunnel.
/// </summary>
public sealed class PermittedTraffic
{
    /// <summary>Datagrams in flight per tunnel; at 1.5 KB a datagram a sender can have some 400 KB of them in flight.</summary>
    public const int DatagramsMax = 256;

    /// <summary>The reassembly timeout that RFC 1122 §3.3.2 asks for is 60 to 120 s; a receiver's buffers rarely wait above 30 s.</summary>
    public const long LifetimeMilliseconds = 30_000;

    private readonly Dictionary<Key, long> _expiries = [];
    private readonly Queue<(Key Key, long ExpiresAt)> _oldestFirst = new();
    private DestinationPolicy? _lastPolicy;
    private FiveTuple _lastPermitted;

    /// <summary>Datagrams remembered, expired ones included until the next call.</summary>
    public int Count => _expiries.Count;

    /// <summary>
    /// Applies the policy to any packet and keeps the memory: the one call a forwarder needs.
    /// </summary>
    /// <param name="policy">The tunnel's policy.</param>
    /// <param name="packet">From <see cref="Ipv4Packet.TryParse"/>.</param>
    /// <param name="nowMilliseconds">Monotonic; looked at for fragments only.</param>
    public bool IsPermitted(DestinationPolicy policy, in Ipv4Packet packet, long nowMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!packet.IsFragment)
        {
            return IsWholePermitted(policy, packet);
        }

        PolicyVerdict verdict = policy.Judge(packet);
        Expire(nowMilliseconds);
        Key key = new(packet.Source, packet.Destination, packet.Protocol, packet.Identification);
        if (packet.IsLaterFragment)
        {
            return verdict == PolicyVerdict.Permitted || (verdict == PolicyVerdict.AsFirstFragment && _expiries.ContainsKey(key));
        }

        if (verdict == PolicyVerdict.Permitted)
        {
            Remember(key, nowMilliseconds + LifetimeMilliseconds);
            return true;
        }

        // The identification is reused by a datagram that is not permitted: its later fragments must not follow the old one.
        _expiries.Remove(key);
        return false;
    }

    // A policy never changes, so its verdict on a flow does not either.
    private bool IsWholePermitted(DestinationPolicy policy, in Ipv4Packet packet)
    {
        FiveTuple flow = packet.FiveTuple;
        if (_lastPolicy == policy && _lastPermitted == flow)
        {
            return true;
        }

        if (policy.Judge(packet) != PolicyVerdict.Permitted)
        {
            return false;
        }

        (_lastPolicy, _lastPermitted) = (policy, flow);
        return true;
    }

    private void Remember(Key key, long expiresAt)
    {
        // A reused identification leaves its first queue entry behind; the queue is bounded by itself.
        while (_oldestFirst.Count >= DatagramsMax)
        {
            Forget(_oldestFirst.Dequeue());
        }

        _expiries[key] = expiresAt;
        _oldestFirst.Enqueue((key, expiresAt));
    }

    private void Expire(long nowMilliseconds)
    {
        while (_oldestFirst.TryPeek(out (Key Key, long ExpiresAt) oldest) && oldest.ExpiresAt <= nowMilliseconds)
        {
            Forget(_oldestFirst.Dequeue());
        }
    }

    private void Forget((Key Key, long ExpiresAt) entry)
    {
        if (_expiries.TryGetValue(entry.Key, out long expiresAt) && expiresAt == entry.ExpiresAt)
        {
            _expiries.Remove(entry.Key);
        }
    }

    // RFC 791 §3.2: what identifies the datagram to which a fragment belongs.
    private readonly record struct Key(
        Ipv4Address Source, Ipv4Address Destination, IpProtocolNumber Protocol, ushort Identification);
}
