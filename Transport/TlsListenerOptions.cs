using System.Net;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Transport;

/// <summary>Where a <see cref="TlsListener"/> listens and what it lets in.</summary>
public sealed record TlsListenerOptions
{
    /// <summary>Address and port; port 0 takes a free one. IPv6Any also takes IPv4.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>The server's certificate.</summary>
    public required PeerCredentials Credentials { get; init; }

    /// <summary>The application protocols offered, in order of preference; a connection with none of them is refused.</summary>
    public required IReadOnlyList<string> Alpns { get; init; }

    /// <summary>Limit of the TLS handshake, the wait for its turns included. Default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Connections at a time that are not admitted (<see cref="PendingConnection"/>), an eighth of them for one IPv4 address or IPv6 /64. Beyond, the one that has kept us waiting longest makes room, or the newcomer is
    /// closed at once. Default 4,096: in the worst case, all in TLS or past it, 300 MB.
    /// </summary>
    public int MaxPending { get; init; } = 4_096;

    /// <summary>What computes the handshakes; may be shared by listeners. Default null: threads of this listener's own.</summary>
    public HandshakeThreads? Threads { get; init; }

    /// <summary>Connections at a time, pending ones included; further ones are closed at once. Default 100,000.</summary>
    public int MaxConnections { get; init; } = 100_000;

    /// <summary>What all listeners of the process may have together; one that finds nothing left closes newcomers at once. Default null: no more bound than <see cref="MaxConnections"/>.</summary>
    public ConnectionBudget? Budget { get; init; }

    /// <summary>
    /// Connections at a time from one IPv4 address or IPv6 /64; further ones are closed at once. Default 4,096: many devices share the address of one
    /// carrier's or company's NAT.
    /// </summary>
    public int MaxConnectionsPerAddress { get; init; } = 4_096;

    /// <summary>Does the handshakes of clients that offer TLS 1.3; the caller disposes what it needs. Default null: SslStream does them, as it does those of all others.</summary>
    public ITlsServer? Tls13 { get; init; }

    /// <summary>
    /// Connections that the kernel holds before they are accepted; net.core.somaxconn bounds it. Default 4,096, that setting's own default: a burst that overflows it makes peers wait a second for their next try.
    /// </summary>
    public int Backlog { get; init; } = 4_096;

    /// <summary>Counts; null: nobody does.</summary>
    public ITlsListenerEvents? Events { get; init; }
}
