using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

public sealed partial class FrameConnection
{
    // Event ids of Transport: 1800s, the end of Edge's range; the category tells the process's part.
    [LoggerMessage(1800, LogLevel.Debug, "Connection ended: {Reason}, by peer: {IsByPeer}. {Detail}")]
    private static partial void LogEnded(ILogger logger, Reason reason, bool isByPeer, string detail);

    [LoggerMessage(1801, LogLevel.Error, "The read loop of a connection failed")]
    private static partial void LogReadFault(ILogger logger, Exception exception);

    [LoggerMessage(1802, LogLevel.Error, "The write loop of a connection failed")]
    private static partial void LogWriteFault(ILogger logger, Exception exception);
}
