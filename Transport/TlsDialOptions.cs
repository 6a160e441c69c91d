using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Transport;

/// <summary>Whom to dial and whom to expect there.</summary>
public sealed record TlsDialOptions
{
    /// <summary>Name or address.</summary>
    public required string Host { get; init; }

    /// <summary>The name for TLS server name indication (RFC 6066 §3) when <see cref="Host"/> is one of its addresses; null: the host. Not trusted for anything.</summary>
    public string? ServerName { get; init; }

    /// <summary>TCP port.</summary>
    public required int Port { get; init; }

    /// <summary>One of <see cref="Protocol.Wire.Alpn"/>.</summary>
    public required string Alpn { get; init; }

    /// <summary>Edge or Silo.</summary>
    public required PeerRole ServerRole { get; init; }

    /// <summary>
    /// The installation's root: the server's certificate is verified inside the handshake. Null at first contact, when only the root's fingerprint
    /// is known: the caller then verifies with <see cref="ServerCertificates.VerifyHello"/> before it sends anything.
    /// </summary>
    public X509Certificate2? InstallationRoot { get; init; }

    /// <summary>The own certificate; null where the ALPN asks for none.</summary>
    public PeerCredentials? Own { get; init; }

    /// <summary>Limit of name resolution and TCP, over all addresses together. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Limit of the TLS handshake. Default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
