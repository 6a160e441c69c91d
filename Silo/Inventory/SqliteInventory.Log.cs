using Microsoft.Extensions.Logging;

namespace OrleansUem.Silo.Inventory;

internal sealed partial class SqliteInventory
{
    [LoggerMessage(4040, LogLevel.Warning, "The inventory can't keep up; rows are dropped and counted. Lists lag until the grains speak again.")]
    private static partial void LogDropping(ILogger logger);

    [LoggerMessage(4041, LogLevel.Error, "{Count} rows of the inventory were not written.")]
    private static partial void LogWriteFailed(ILogger logger, Exception exception, int count);
}
