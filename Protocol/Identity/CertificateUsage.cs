using System.Security.Cryptography;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// The extended key usages (RFC 5280 §4.2.1.12) that tell the roles apart, so that a device's certificate is worth nothing where a node's is
/// asked for. Under the UUID arc 2.25 (ITU-T X.667), which needs no registration.
/// </summary>
public static class CertificateUsage
{
    private const string Arc = "2.25.186429371264059883501347724310922485621";

    /// <summary>A device: the end-to-end and session client.</summary>
    public const string Device = Arc + ".1";

    /// <summary>A node: the end-to-end server, a session client.</summary>
    public const string Node = Arc + ".2";

    /// <summary>An edge: the session server, a control link client.</summary>
    public const string Edge = Arc + ".3";

    /// <summary>A silo: the control link server, and server and client among silos.</summary>
    public const string Silo = Arc + ".4";

    /// <summary>TLS server (RFC 5280), for ordinary tools beside ours.</summary>
    public const string TlsServer = "1.3.6.1.5.5.7.3.1";

    /// <summary>TLS client (RFC 5280).</summary>
    public const string TlsClient = "1.3.6.1.5.5.7.3.2";

    /// <summary>The usages of a role's certificate; the first tells the role.</summary>
    /// <param name="role">The role.</param>
    /// <returns>A new collection.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Not a role that gets certificates.</exception>
    public static OidCollection For(PeerRole role) => role switch
    {
        PeerRole.Device => [new Oid(Device), new Oid(TlsClient)],
        PeerRole.Node => [new Oid(Node), new Oid(TlsClient), new Oid(TlsServer)],
        PeerRole.Edge => [new Oid(Edge), new Oid(TlsServer), new Oid(TlsClient)],
        PeerRole.Silo => [new Oid(Silo), new Oid(TlsServer), new Oid(TlsClient)],
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "No certificates are issued for this role."),
    };

    /// <summary>The role that exactly one of the usages names.</summary>
    /// <param name="usages">The usages of a certificate.</param>
    /// <returns>The role; <see cref="PeerRole.Unspecified"/> when none or more than one is named.</returns>
    public static PeerRole RoleOf(OidCollection usages)
    {
        ArgumentNullException.ThrowIfNull(usages);
        var found = PeerRole.Unspecified;
        foreach (var usage in usages)
        {
            var role = usage.Value switch
            {
                Device => PeerRole.Device,
                Node => PeerRole.Node,
                Edge => PeerRole.Edge,
                Silo => PeerRole.Silo,
                _ => PeerRole.Unspecified,
            };
            if (role != PeerRole.Unspecified && found != PeerRole.Unspecified)
            {
                return PeerRole.Unspecified;
            }

            found = role == PeerRole.Unspecified ? found : role;
        }

        return found;
    }
}
