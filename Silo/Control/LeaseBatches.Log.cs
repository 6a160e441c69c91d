using Microsoft.Extensions.Logging;

namespace OrleansUem.Silo.Control;

internal sealed partial class LeaseBatches
{
    [LoggerMessage(4010, LogLevel.Warning, "Edge {EdgeId}: leases of a tunnel were not renewed; the edge asks again while they live.")]
    private static partial void LogRenewFailed(ILogger logger, Exception exception, string edgeId);
}
