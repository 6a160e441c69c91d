using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>Whom a tunnel must reach: the name that OPEN or OPENED gave, and the list of those who are cut off.</summary>
/// <param name="Name">The device id or node id.</param>
/// <param name="IsRevoked">
/// Asked in the middle of the handshake about a certificate that is otherwise good; must not block. Null: nothing is revoked. An exception counts as yes.
/// </param>
public sealed record TunnelPeer(string Name, Func<X509Certificate2, bool>? IsRevoked = null)
{
    /// <summary>
    /// The check of the far end's certificate. The root and the role come from the own credentials: a device accepts a node of its tenant only, a node a device.
    /// </summary>
    internal DtlsPeerVerifier CreateVerifier(PeerCredentials own, TimeProvider time)
    {
        var role = own.Identity.Role == PeerRole.Device ? PeerRole.Node : PeerRole.Device;
        return (leaf, _) =>
        {
            var reason = CertificateProfile.Verify(leaf, own.Root, role, time.GetUtcNow(), out var identity);
            if (reason == Reason.None)
            {
                reason = identity.Name != Name ? Reason.CertificateWrongName
                    : IsRevoked?.Invoke(leaf) == true ? Reason.CertificateRevoked
                    : Reason.None;
            }

            return reason == Reason.None
                ? DtlsVerdict.Accepted
                : DtlsVerdict.Refused(RefusalOf(reason), Explain(reason, role));
        };
    }

    private string Explain(Reason reason, PeerRole role) => reason == Reason.CertificateRevoked
        ? $"{reason}: the organisation has revoked the certificate of {Name}; a new activation lets it in again"
        : $"{reason}: the far end was to be {role} {Name}";

    private static DtlsRefusal RefusalOf(Reason reason) => reason switch
    {
        Reason.CertificateUntrusted => DtlsRefusal.UnknownAuthority,
        Reason.CertificateExpired or Reason.CertificateNotYetValid => DtlsRefusal.Expired,
        Reason.CertificateRevoked => DtlsRefusal.Revoked,
        Reason.CertificateWrongRole => DtlsRefusal.WrongPurpose,
        Reason.CertificateWrongName => DtlsRefusal.WrongIdentity,
        _ => DtlsRefusal.BadCertificate,
    };
}
