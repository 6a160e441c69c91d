using Microsoft.Extensions.Logging;

namespace OrleansUem.Node;

internal sealed partial class RevocationWatch
{
    [LoggerMessage(2001, LogLevel.Information, "The list of revoked certificates was read: {Count}.")]
    private static partial void LogLoaded(ILogger logger, int count);

    [LoggerMessage(2002, LogLevel.Error, "The list of revoked certificates can't be read, no tunnel is opened until it can: {Fault}")]
    private static partial void LogUnreadable(ILogger logger, string fault);
}
