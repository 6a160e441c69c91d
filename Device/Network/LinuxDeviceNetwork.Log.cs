using Microsoft.Extensions.Logging;

namespace OrleansUem.Device.Network;

internal sealed partial class LinuxDeviceNetwork
{
    [LoggerMessage(EventId = 6101, Level = LogLevel.Debug, Message = "{Text}")]
    private static partial void LogRouteFault(ILogger logger, string text);

    [LoggerMessage(EventId = 6102, Level = LogLevel.Information, Message = "Removed a host route on {Interface} that an earlier run left behind")]
    private static partial void LogLeftover(ILogger logger, string @interface);

    [LoggerMessage(EventId = 6103, Level = LogLevel.Warning, Message = "{Interface}: {Notice}")]
    private static partial void LogOffloads(ILogger logger, string @interface, string notice);
}
