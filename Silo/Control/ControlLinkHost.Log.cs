using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

internal sealed partial class ControlLinkHost
{
    [LoggerMessage(4001, LogLevel.Information, "Edge {EdgeId} is linked; {Cuts} cuts brought, resync {Resync}.")]
    private static partial void LogLinked(ILogger logger, string edgeId, int cuts, bool resync);

    [LoggerMessage(4002, LogLevel.Information, "The link of edge {EdgeId} ended: {Reason}.")]
    private static partial void LogEnded(ILogger logger, string edgeId, Reason reason);

    [LoggerMessage(4003, LogLevel.Error, "A request of edge {EdgeId} failed.")]
    private static partial void LogRequestFailed(ILogger logger, Exception exception, string edgeId);

    [LoggerMessage(4004, LogLevel.Warning, "{Request} of edge {EdgeId} was not answered by its grain in time.")]
    private static partial void LogGrainLate(ILogger logger, Exception exception, string edgeId, ControlRequest.BodyOneofCase request);

    [LoggerMessage(4005, LogLevel.Warning, "The link of edge {EdgeId} could not be refreshed or given up.")]
    private static partial void LogRefreshFailed(ILogger logger, Exception exception, string edgeId);

    [LoggerMessage(4006, LogLevel.Warning, "An answer of edge {EdgeId} did not reach its grain.")]
    private static partial void LogAnswerLost(ILogger logger, Exception exception, string edgeId);
}
