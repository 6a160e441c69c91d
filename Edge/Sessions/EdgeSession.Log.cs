using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

internal abstract partial class EdgeSession
{
    [LoggerMessage(1020, LogLevel.Information, "{Role} attached as session {Session}, generation {Generation}")]
    private static partial void LogAttached(ILogger logger, PeerRole role, ulong session, ulong generation);

    [LoggerMessage(1021, LogLevel.Information, "Session {Session} ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, ulong session, Reason reason);

    [LoggerMessage(1022, LogLevel.Error, "Attaching a session failed")]
    private static partial void LogAttachFault(ILogger logger, Exception exception);

    [LoggerMessage(1023, LogLevel.Debug, "Session {Session}'s data goes over {Path}")]
    private static partial void LogPath(ILogger logger, ulong session, string path);
}
