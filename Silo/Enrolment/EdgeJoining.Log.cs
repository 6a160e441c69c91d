using Microsoft.Extensions.Logging;

namespace OrleansUem.Silo.Enrolment;

internal sealed partial class EdgeJoining
{
    [LoggerMessage(4021, LogLevel.Information, "Edge {EdgeId} joined.")]
    private static partial void LogJoined(ILogger logger, string edgeId);
}
