using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

internal sealed partial class DeviceAgent
{
    [LoggerMessage(EventId = 6001, Level = LogLevel.Information, Message = "{Step} {Reason}")]
    private static partial void LogStep(ILogger logger, DeviceStatusKind step, Reason reason);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Error, Message = "The network settings of the tunnel could not be made")]
    private static partial void LogNetworkFault(ILogger logger, Exception exception);
}
