using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.UserNat;

/// <summary>
/// What one guest may do with the stack beyond its policy, which others have applied: libslirp takes a datagram for a guest's port from anybody and bounds neither
/// sockets nor fragments. Here a datagram passes to the guest only from where the guest sent to, and a new connection needs a free socket. Pure; time in milliseconds
/// of a monotonic clock. Not for concurrent use.
/// </summary>
/// <param name="socketsMax">Sockets of this guest.</param>
/// <param name="canPing">Whether this process may send echo requests: without, libslirp would send something else in their place.</param>
internal sealed class GuestTraffic(int socketsMax, bool canPing)
{
    /// <summary>UDP peers remembered for one guest: twice the sockets that it has by default.</summary>
    public const int PeersMax = 2_048;

    /// <summary>libslirp closes a UDP socket after this time without a datagram (SO_EXPIRE).</summary>
    public const long PeerLifetimeMilliseconds = 240_000;

    /// <summary>libslirp holds fragments for up to 30 s, so at most 128 KiB + 30 x 32 KiB, about 1 MiB, wait for one guest.</summary>
    public const int FragmentBurstBytes = 128 * 1024;

    public const int FragmentBytesPerSecond = 32 * 1024;

    private readonly Dictionary<ulong, long> _peers = [];
    private readonly TokenBucket _fragmentBytes = new(FragmentBytesPerSecond, FragmentBurstBytes);
    private (Ipv4Address Source, ushort Identification) _passing;

    /// <summary>Judges a packet of the guest.</summary>
    /// <param name="packet">Any that passed the policy.</param>
    /// <param name="sockets">Sockets that the guest has now.</param>
    /// <param name="nowMilliseconds">The clock.</param>
    /// <returns>Unspecified: it passes.</returns>
    public DropReason FromGuest(in Ipv4Packet packet, int sockets, long nowMilliseconds)
    {
        if (packet.IsFragment && !_fragmentBytes.TryTake(TimeSpan.FromMilliseconds(nowMilliseconds), packet.TotalBytes))
        {
            return DropReason.FragmentLimit;
        }

        if (packet.IsLaterFragment)
        {
            return DropReason.Unspecified;
        }

        var hasSocket = sockets < socketsMax;
        return packet.Protocol switch
        {
            IpProtocolNumber.Tcp => hasSocket || !IsTcpOpening(packet) ? DropReason.Unspecified : DropReason.FlowLimit,
            IpProtocolNumber.Udp => RememberPeer(packet, hasSocket, nowMilliseconds) ? DropReason.Unspecified : DropReason.FlowLimit,
            IpProtocolNumber.Icmp when !canPing => DropReason.PingUnavailable,
            IpProtocolNumber.Icmp => hasSocket ? DropReason.Unspecified : DropReason.FlowLimit,
            _ => DropReason.ProtocolUnsupported,
        };
    }

    /// <summary>Judges a packet for the guest.</summary>
    /// <param name="packet">Any.</param>
    /// <param name="nowMilliseconds">The clock.</param>
    /// <returns>Unspecified: it passes.</returns>
    public DropReason ToGuest(in Ipv4Packet packet, long nowMilliseconds)
    {
        if (packet.Protocol != IpProtocolNumber.Udp)
        {
            return DropReason.Unspecified;
        }

        // The stack cuts a datagram right before it sends the pieces: they come one after the other.
        if (packet.IsLaterFragment)
        {
            return _passing == (packet.Source, packet.Identification) ? DropReason.Unspecified : DropReason.Unsolicited;
        }

        _passing = default;
        var key = KeyOf(packet.DestinationPort, packet.Source, packet.SourcePort);
        if (!_peers.TryGetValue(key, out var seenAt) || nowMilliseconds - seenAt > PeerLifetimeMilliseconds)
        {
            return DropReason.Unsolicited;
        }

        _peers[key] = nowMilliseconds;
        _passing = packet.IsFragment ? (packet.Source, packet.Identification) : default;
        return DropReason.Unspecified;
    }

    private static bool IsTcpOpening(in Ipv4Packet packet) => (packet.Payload[TcpFlagsOffset] & (TcpSyn | TcpAcknowledge)) == TcpSyn;

    // RFC 9293 §3.1; a parsed packet that is no later fragment has its whole fixed header.
    private const int TcpFlagsOffset = 13;
    private const int TcpSyn = 0x02;
    private const int TcpAcknowledge = 0x10;

    private static ulong KeyOf(ushort guestPort, Ipv4Address peer, ushort peerPort) => ((ulong)guestPort << 48) | ((ulong)peer.Value << 16) | peerPort;

    private bool RememberPeer(in Ipv4Packet packet, bool hasSocket, long nowMilliseconds)
    {
        var key = KeyOf(packet.SourcePort, packet.Destination, packet.DestinationPort);
        if (!_peers.ContainsKey(key))
        {
            if (_peers.Count >= PeersMax)
            {
                Forget(nowMilliseconds);
            }

            if (!hasSocket || _peers.Count >= PeersMax)
            {
                return false;
            }
        }

        _peers[key] = nowMilliseconds;
        return true;
    }

    private void Forget(long nowMilliseconds)
    {
        foreach (var (key, seenAt) in _peers)
        {
            if (nowMilliseconds - seenAt > PeerLifetimeMilliseconds)
            {
                _peers.Remove(key);
            }
        }
    }
}
