using Microsoft.Extensions.Logging;

namespace OrleansUem.Silo.Enrolment;

internal sealed partial class JoinHost
{
    [LoggerMessage(4022, LogLevel.Error, "A join was not answered.")]
    private static partial void LogJoinFailed(ILogger logger, Exception exception);
}
