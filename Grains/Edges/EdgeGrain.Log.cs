using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Edges;

public sealed partial class EdgeGrain
{
    [LoggerMessage(3200, LogLevel.Information, "Edge is linked over silo {SiloId}: {Cuts} cuts to apply, resync {Resync}")]
    private partial void LogLinked(string siloId, int cuts, bool resync);

    [LoggerMessage(3201, LogLevel.Warning, "Cut {Sequence} is not acknowledged: {Reason}")]
    private partial void LogCutUnacknowledged(ulong sequence, Reason reason);

    [LoggerMessage(3202, LogLevel.Error, "Cuts could not be read for an edge")]
    private partial void LogPumpFailed(Exception fault);

    [LoggerMessage(3203, LogLevel.Information, "Edge is removed")]
    private partial void LogRemoved();
}
