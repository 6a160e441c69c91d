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

    /// <summary>Limit of the TLS handshake, the wait for its place included. Default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Handshakes at a time, an eighth of them for one IPv4 address or IPv6 /64; further connections wait, within <see cref="HandshakeTimeout"/>. Default 256: a
    /// handshake costs 2 ms of CPU, so more than that is half a second of work for one core and only makes all of them late.
    /// </summary>
    public int MaxHandshakes { get; init; } = 256;

    /// <summary>Connections at a time, handshakes included; further ones are closed at once. Default 100,000.</summary>
    public int MaxConnections { get; init; } = 100_000;

    /// <summary>
    /// Connections at a time from one IPv4 address or IPv6 /64; further ones are closed at once. Default 4,096: many devices share the address of one
    /// carrier's or company's NAT.
    /// </summary>
    public int MaxConnectionsPerAddress { get; init; } = 4_096;

    /// <summary>Connections that the kernel holds before they are accepted. Default 1,024.</summary>
    public int Backlog { get; init; } = 1_024;

    /// <summary>Counts; null: nobody does.</summary>
    public ITlsListenerEvents? Events { get; init; }
}
