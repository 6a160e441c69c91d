using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// The keys of all grains, in one place. A tenant's key is its id; a device's, a node's and a tunnel's is <c>TENANT/NAME</c>; an edge's is its
/// name; an invitation's is its id; the directory of edges and the cut ledger are one each. Tenant ids and names contain no slash.
/// </summary>
public static class GrainKeys
{
    /// <summary>The key of the one <see cref="IEdgeDirectoryGrain"/>.</summary>
    public const string Directory = "edges";

    /// <summary>The key of the one <see cref="ICutLedgerGrain"/>.</summary>
    public const string Ledger = "cuts";

    /// <summary>The key of <see cref="ITenantGrain"/>.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <returns>The key.</returns>
    public static string Tenant(TenantId tenant) => tenant.Text;

    /// <summary>The key of <see cref="IDeviceGrain"/>, and of its <see cref="ITunnelGrain"/>.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="device">The device.</param>
    /// <returns>The key.</returns>
    public static string Device(TenantId tenant, DeviceId device) => tenant.Text + "/" + device.Text;

    /// <summary>The key of <see cref="INodeGrain"/>.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="node">The node.</param>
    /// <returns>The key.</returns>
    public static string Node(TenantId tenant, NodeId node) => tenant.Text + "/" + node.Text;

    /// <summary>The key of <see cref="IEdgeGrain"/>.</summary>
    /// <param name="edge">The edge.</param>
    /// <returns>The key.</returns>
    public static string Edge(EdgeId edge) => edge.Text;

    /// <summary>The key of the device or node grain of an identity.</summary>
    /// <param name="identity">A device or a node.</param>
    /// <returns>The key.</returns>
    public static string Peer(PeerIdentity identity) => identity.Root.Text + "/" + identity.Name;

    /// <summary>Takes a key of the form <c>TENANT/NAME</c> apart.</summary>
    /// <param name="key">The candidate.</param>
    /// <param name="tenant">The tenant on success.</param>
    /// <param name="name">The name on success.</param>
    /// <returns>False when either part breaks its rule.</returns>
    public static bool TryParsePeer(string? key, out TenantId tenant, [NotNullWhen(true)] out string? name)
    {
        tenant = default;
        name = null;
        var slash = key?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0 || !TenantId.TryParse(key![..slash], out tenant) || !NameRules.IsName(key[(slash + 1)..]))
        {
            return false;
        }

        name = key[(slash + 1)..];
        return true;
    }

    /// <summary>The lease id of a tunnel: <c>TENANT/DEVICE/TUNNEL</c> (control.proto, Lease).</summary>
    /// <param name="tunnelKey">The key of the tunnel grain.</param>
    /// <param name="tunnelId">The tunnel id.</param>
    /// <returns>The lease id.</returns>
    public static string Lease(string tunnelKey, ulong tunnelId) =>
        string.Create(CultureInfo.InvariantCulture, $"{tunnelKey}/{tunnelId}");

    /// <summary>Takes a lease id apart.</summary>
    /// <param name="leaseId">The candidate, as an edge reported it.</param>
    /// <param name="tunnelKey">The key of the tunnel grain on success.</param>
    /// <param name="tunnelId">The tunnel id on success, 1..2^63-1.</param>
    /// <returns>False when it is not in the one form that <see cref="Lease"/> writes.</returns>
    public static bool TryParseLease(string? leaseId, [NotNullWhen(true)] out string? tunnelKey, out ulong tunnelId)
    {
        tunnelKey = null;
        tunnelId = 0;
        var slash = leaseId?.LastIndexOf('/') ?? -1;
        if (slash < 0 || !TryParsePeer(leaseId![..slash], out _, out _))
        {
            return false;
        }

        var digits = leaseId[(slash + 1)..];
        if (!Digits.TryParse(digits, long.MaxValue, out tunnelId) || digits[0] == '0')
        {
            tunnelId = 0;
            return false;
        }

        tunnelKey = leaseId[..slash];
        return true;
    }
}
