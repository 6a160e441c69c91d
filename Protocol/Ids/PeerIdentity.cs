using System.Diagnostics.CodeAnalysis;

namespace OrleansUem.Protocol.Ids;

/// <summary>
/// Who a certificate speaks for: the root that vouches, the role and the name. Text form, which is the certificate's one SAN URI:
/// <c>uem://ROOT/ROLE/NAME</c>, with ROOT the 64 hexadecimal digits of <see cref="TenantId"/> (the tenant's root for devices and nodes, the
/// installation's for edges and silos) and ROLE one of <c>device node edge silo</c>.
/// </summary>
/// <param name="Root">The tenant, or the installation.</param>
/// <param name="Role">What the holder is.</param>
/// <param name="Name">Its name under that root; see <see cref="NameRules"/>.</param>
public readonly record struct PeerIdentity(TenantId Root, PeerRole Role, string Name)
{
    private const string Scheme = "uem://";

    /// <summary>Reads the SAN URI.</summary>
    /// <param name="uri">The candidate; null gives false.</param>
    /// <param name="identity">The identity on success.</param>
    /// <returns>False unless the text is exactly the form above; no percent-encoding, no upper case, nothing before or after.</returns>
    public static bool TryParse([NotNullWhen(true)] string? uri, out PeerIdentity identity)
    {
        identity = default;
        if (uri is null || !uri.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        var parts = uri[Scheme.Length..].Split('/');
        if (parts.Length != 3 || !TenantId.TryParse(parts[0], out var root) || !NameRules.IsName(parts[2]))
        {
            return false;
        }

        var role = parts[1] switch
        {
            "device" => PeerRole.Device,
            "node" => PeerRole.Node,
            "edge" => PeerRole.Edge,
            "silo" => PeerRole.Silo,
            _ => PeerRole.Unspecified,
        };
        identity = new PeerIdentity(root, role, parts[2]);
        return role != PeerRole.Unspecified;
    }

    /// <summary>The SAN URI.</summary>
    /// <returns>The text form.</returns>
    public override string ToString() => $"{Scheme}{Root.Text}/{RoleText(Role)}/{Name}";

    private static string RoleText(PeerRole role) => role switch
    {
        PeerRole.Device => "device",
        PeerRole.Node => "node",
        PeerRole.Edge => "edge",
        PeerRole.Silo => "silo",
        _ => "unspecified",
    };
}
