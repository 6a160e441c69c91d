using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

/// <summary>
/// Makes a tenant: its root, whose private key never leaves the node's state directory, its registration with the installation, and the node's own certificate.
/// </summary>
public static class NodeInit
{
    /// <summary>How long a tenant's root is valid.</summary>
    public static readonly TimeSpan RootValidity = TimeSpan.FromDays(20 * 365);

    /// <summary>How long a node's certificate is valid.</summary>
    public static readonly TimeSpan NodeValidity = TimeSpan.FromDays(5 * 365);

    /// <summary>
    /// Makes everything and stores it as a whole at the end. The root is on disk before it is registered, so that the same call after a lost answer or a crash goes on
    /// with the same root; a finished state directory is never overwritten.
    /// </summary>
    /// <param name="invitation">From the relay's operator.</param>
    /// <param name="stateDirectory">The node's state directory; made when missing.</param>
    /// <param name="nodeName">The node's name.</param>
    /// <param name="tenantName">What people call the tenant, 1..64 characters.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up; the next call goes on.</param>
    /// <returns>Who the node is.</returns>
    /// <exception cref="EnrolmentException">Refused or not reachable.</exception>
    /// <exception cref="AgentStateException">The directory holds another node, is in use, or can't be written.</exception>
    public static Task<PeerIdentity> InitAsync(
        EnrolmentUri invitation,
        string stateDirectory,
        NodeId nodeName,
        string tenantName,
        ILoggerFactory loggers,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        var logger = loggers.CreateLogger(typeof(NodeInit).FullName!);
        return InitAsync(
            invitation,
            stateDirectory,
            nodeName,
            time,
            authority => TenantRegistrationExchange.RegisterAsync(invitation, authority, tenantName, time, logger, cancellationToken));
    }

    internal static async Task<PeerIdentity> InitAsync(
        EnrolmentUri invitation,
        string stateDirectory,
        NodeId nodeName,
        TimeProvider time,
        Func<CertificateAuthority, Task<TenantRegistration>> register)
    {
        ArgumentNullException.ThrowIfNull(invitation);
        ArgumentNullException.ThrowIfNull(time);
        NameRules.Require(nodeName.Text, "node id");
        var files = new StateDirectory(stateDirectory);
        files.Create();
        using var held = files.Lock();
        if (AgentState.Exists(stateDirectory))
        {
            return TakeFinished(files, invitation, nodeName);
        }

        using var authority = TakeUpAuthority(files, nodeName, time);
        var registration = await register(authority);
        using var installationRoot = registration.InstallationRoot;
        using var credentials = IssueOwn(files, authority, nodeName, time);
        AgentState.Store(stateDirectory, new AgentEnrolment
        {
            Credentials = credentials,
            InstallationRoot = installationRoot,
            TenantTag = registration.TenantTag,
            Relays = [registration.Relay],
            Origin = invitation.Id,
        });
        return credentials.Identity;
    }

    private static PeerIdentity TakeFinished(StateDirectory files, EnrolmentUri invitation, NodeId nodeName)
    {
        var enrolment = AgentState.Load(files);
        using var credentials = enrolment.Credentials;
        using var installationRoot = enrolment.InstallationRoot;
        var identity = credentials.Identity;
        return enrolment.Origin == invitation.Id && identity.Role == PeerRole.Node && identity.Name == nodeName.Text
            ? identity
            : throw new AgentStateException(
                $"{files.Path} already belongs to the {identity.Role} {identity.Name}. Nothing was changed. Choose an empty directory with --state.");
    }

    private static CertificateAuthority TakeUpAuthority(StateDirectory files, NodeId nodeName, TimeProvider time)
    {
        // The root's file is written last: with it the pair is whole.
        if (files.Has(NodeFiles.TenantRoot))
        {
            return NodeFiles.LoadAuthority(files);
        }

        var authority = CertificateAuthority.Create($"uem tenant {nodeName.Text}", time.GetUtcNow(), RootValidity);
        files.Write(NodeFiles.TenantKey, authority.ExportKeyPem() + "\n");
        files.Write(NodeFiles.TenantRoot, authority.Root.ExportCertificatePem() + "\n");
        return authority;
    }

    private static PeerCredentials IssueOwn(StateDirectory files, CertificateAuthority authority, NodeId nodeName, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (SigningRequest.TryRead(SigningRequest.Create(key), out var publicKey) != Reason.None)
        {
            throw new CryptographicException("The node's own certificate request is not of our profile.");
        }

        var now = time.GetUtcNow();
        using var certificate = authority.Issue(publicKey!, PeerRole.Node, nodeName.Text, now, NodeValidity);
        IssuedLedger.Add(files, certificate, PeerRole.Node, nodeName.Text, now);
        return PeerCredentials.Create(certificate, key, authority.Root);
    }
}
