using Microsoft.Extensions.Logging;

namespace OrleansUem.Silo.Enrolment;

internal sealed partial class TenantRegistrar
{
    [LoggerMessage(4020, LogLevel.Information, "Tenant {Tenant} is registered.")]
    private static partial void LogRegistered(ILogger logger, string tenant);
}
