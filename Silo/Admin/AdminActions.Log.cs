using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.Admin;

internal sealed partial class AdminActions
{
    [LoggerMessage(5001, LogLevel.Information, "{Kind} {Id} was made by an administrator.")]
    private static partial void LogInvited(ILogger logger, EnrolmentKind kind, string id);

    [LoggerMessage(5002, LogLevel.Information, "Tenant {Tenant} was cut off by an administrator.")]
    private static partial void LogTenantCut(ILogger logger, string tenant);

    [LoggerMessage(5003, LogLevel.Information, "{Kind} of a {Role} of tenant {Tenant} by an administrator.")]
    private static partial void LogPeerCut(ILogger logger, PeerCutKind kind, PeerRole role, string tenant);

    [LoggerMessage(5004, LogLevel.Information, "Edge {EdgeId} was removed by an administrator; {Links} links ended.")]
    private static partial void LogEdgeRemoved(ILogger logger, string edgeId, int links);
}
