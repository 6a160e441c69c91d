using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls;

/// <summary>
/// Judges the peer's certificate in the middle of the handshake: the trust rules live with the caller, this project
/// loads no trust store.
/// Possession of the private key is proven only when the session is Established, so a verdict alone authenticates
/// nobody.
/// Called synchronously on the thread that feeds the session: no I/O, no waiting. An exception counts as a refusal.
/// </summary>
/// <param name="leaf">The peer's certificate, with an ECDSA key on P-256 or P-384. Owned by the session: valid until it
/// is disposed.</param>
/// <param name="sentChain">Further certificates as the peer sent them, untrusted, without the leaf. Valid during the
/// call only.</param>
public delegate DtlsVerdict DtlsPeerVerifier(X509Certificate2 leaf, X509Certificate2Collection sentChain);
