using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OrleansUem.Transport.Health;

/// <summary>
/// <c>GET /health/live</c>: 200 while the process answers at all, so also while it drains; a supervisor restarts it otherwise. <c>GET /health/ready</c>: 200, or 503
/// with the reasons, for load balancers. Both as JSON.
/// </summary>
public static class HealthEndpoints
{
    /// <summary>Adds the two routes.</summary>
    /// <param name="routes">Where to.</param>
    /// <param name="sources">The roles of the process; ready when all are.</param>
    public static void Map(IEndpointRouteBuilder routes, IReadOnlyList<IHealthSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        routes.MapGet("/health/live", static () => Results.Json(new LiveBody("live")));
        routes.MapGet("/health/ready", (CancellationToken aborted) => GetReadyAsync(sources, aborted));
    }

    private static async Task<IResult> GetReadyAsync(IReadOnlyList<IHealthSource> sources, CancellationToken cancellationToken)
    {
        var faults = new List<FaultBody>();
        foreach (var source in sources)
        {
            foreach (var fault in await source.FindFaultsAsync(cancellationToken))
            {
                faults.Add(new FaultBody(source.Role, fault.Check, fault.Detail));
            }
        }

        return faults.Count == 0
            ? Results.Json(new ReadyBody("ready", []))
            : Results.Json(new ReadyBody("not ready", faults), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private sealed record LiveBody(string Status);

    private sealed record ReadyBody(string Status, IReadOnlyList<FaultBody> Faults);

    private sealed record FaultBody(string Role, string Check, string Detail);
}
