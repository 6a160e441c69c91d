using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Agent.Tunnel;

/// <summary>The outcome of an end-to-end handshake.</summary>
/// <param name="CipherSuite">OpenSSL's name of the suite.</param>
/// <param name="Version">DTLSv1.2.</param>
/// <param name="Peer">Who the far end has proven to be.</param>
/// <param name="Certificate">Its certificate; valid during the call.</param>
public sealed record TunnelSecurity(string CipherSuite, string Version, PeerIdentity Peer, X509Certificate2 Certificate);
