using Microsoft.Extensions.Logging;

namespace OrleansUem.Agent.Identity;

public static partial class DeviceEnrolment
{
    [LoggerMessage(EventId = 7101, Level = LogLevel.Warning, Message = "Attempt {Attempt} failed, again in {Seconds:F1} s: {Text}")]
    private static partial void LogRetry(ILogger logger, int attempt, double seconds, string text);
}
