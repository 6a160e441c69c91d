using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tunnels;

public sealed partial class TunnelGrain
{
    [LoggerMessage(3400, LogLevel.Information, "Tunnel {TunnelId} ends: {Reason}")]
    private partial void LogEnded(ulong tunnelId, Reason reason);

    [LoggerMessage(3401, LogLevel.Error, "A tunnel could not be opened")]
    private partial void LogOpenFailed(Exception fault);

    [LoggerMessage(3402, LogLevel.Debug, "An edge was told of the end of tunnel {TunnelId}: {Reason}")]
    private partial void LogEdgeTold(ulong tunnelId, Reason reason);

    [LoggerMessage(3403, LogLevel.Warning, "An edge or node could not be told of a tunnel")]
    private partial void LogEffectFailed(Exception fault);

    [LoggerMessage(3404, LogLevel.Information, "Tunnel {TunnelId} was not taken: {Reason}")]
    private partial void LogNodeFailed(ulong tunnelId, Reason reason);
}
