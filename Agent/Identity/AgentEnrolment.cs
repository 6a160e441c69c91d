using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Agent.Identity;

/// <summary>What an enrolled device or a node holds, as it is given to <see cref="AgentState.Store"/>.</summary>
public sealed record AgentEnrolment
{
    /// <summary>The certificate, its private key and the tenant's root.</summary>
    public required PeerCredentials Credentials { get; init; }

    /// <summary>The installation's root; edges are verified against it.</summary>
    public required X509Certificate2 InstallationRoot { get; init; }

    /// <summary>The tenant's tag of <see cref="TenantTags"/>.</summary>
    public required ReadOnlyMemory<byte> TenantTag { get; init; }

    /// <summary>Where the edges listen, the preferred one first; at least one.</summary>
    public required IReadOnlyList<RelayAddress> Relays { get; init; }

    /// <summary>The id of the activation or invitation that it came from, to tell a repeated enrolment from a second one.</summary>
    public string Origin { get; init; } = "";

    /// <summary>The installation's id: its root's fingerprint.</summary>
    public TenantId Installation => TenantId.FromRoot(InstallationRoot);
}
