using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

internal sealed partial class NodeWorker
{
    [LoggerMessage(2201, LogLevel.Information, "An enrolment was answered: {Reason}.")]
    private static partial void LogEnrolment(ILogger logger, Reason reason);

    [LoggerMessage(2202, LogLevel.Error, "The state directory fails: {Fault}")]
    private static partial void LogStateFault(ILogger logger, string fault);

    [LoggerMessage(2203, LogLevel.Error, "A piece of work failed.")]
    private static partial void LogFault(ILogger logger, Exception fault);
}
