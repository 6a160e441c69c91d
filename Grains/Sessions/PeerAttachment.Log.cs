using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Sessions;

internal sealed partial class PeerAttachment
{
    [LoggerMessage(3000, LogLevel.Information, "Attach refused: {Reason}")]
    private partial void LogRefused(Reason reason);

    [LoggerMessage(3001, LogLevel.Information, "Cut by an administrator: {Kind}")]
    private partial void LogCut(PeerCutKind kind);

    [LoggerMessage(3002, LogLevel.Debug, "Replaced session on another edge: {Reason}")]
    private partial void LogEndedElsewhere(Reason reason);

    [LoggerMessage(3003, LogLevel.Warning, "The edge of a replaced session could not be told")]
    private partial void LogEndElsewhereFailed(Exception fault);
}
