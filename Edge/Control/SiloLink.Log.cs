using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Control;

internal sealed partial class SiloLink
{
    [LoggerMessage(1010, LogLevel.Information, "Linked to {Silo}; {Cuts} cuts were applied first")]
    private static partial void LogLinked(ILogger logger, string silo, int cuts);

    [LoggerMessage(1011, LogLevel.Warning, "The link to a silo ended: {Reason}. {Detail}")]
    private static partial void LogUnlinked(ILogger logger, Reason reason, string detail);

    [LoggerMessage(1012, LogLevel.Warning, "No link to a silo: {Detail}")]
    private static partial void LogDialFailed(ILogger logger, string detail);

    [LoggerMessage(1013, LogLevel.Error, "Starting a link failed")]
    private static partial void LogStartFault(ILogger logger, Exception exception);
}
