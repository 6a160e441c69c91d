using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Uplink;

public sealed partial class RelayUplink
{
    [LoggerMessage(EventId = 7201, Level = LogLevel.Information, Message = "Detached: {Reason}, by the edge: {IsByPeer}; next attempt in {Seconds:F2} s")]
    private static partial void LogDetached(ILogger logger, Reason reason, bool isByPeer, double seconds);

    [LoggerMessage(EventId = 7202, Level = LogLevel.Debug, Message = "{Text} Trying the name's next address")]
    private static partial void LogAddressFailed(ILogger logger, string text);
}
