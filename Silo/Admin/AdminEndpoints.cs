using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrleansUem.Protocol.Ids;
using OrleansUem.Silo.Control;
using OrleansUem.Silo.Inventory;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Admin;

/// <summary>The routes of the admin API; README "Admin API". A bad field is answered with problem details that name it and its bound (RFC 9457).</summary>
internal static class AdminEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var v1 = routes.MapGroup("/v1");
        v1.MapGet("/status", GetStatus);
        v1.MapGet("/tenants", (string? after, int? limit, InventoryReader inventory) =>
            Paged(after, limit, (start, count) => inventory.Tenants(start, count)));
        v1.MapGet("/nodes", (string? tenant, string? after, int? limit, InventoryReader inventory) =>
            Paged(tenant, after, limit, (start, count) => inventory.Peers(PeerRole.Node, tenant, start, count)));
        v1.MapGet("/devices", (string? tenant, string? after, int? limit, InventoryReader inventory) =>
            Paged(tenant, after, limit, (start, count) => inventory.Peers(PeerRole.Device, tenant, start, count)));
        v1.MapGet("/tunnels", (string? tenant, string? after, int? limit, InventoryReader inventory) =>
            Paged(tenant, after, limit, (start, count) => inventory.Tunnels(tenant, start, count)));
        v1.MapGet("/edges", (string? after, int? limit, InventoryReader inventory) =>
            Paged(after, limit, (start, count) => inventory.Edges(start, count)));
        v1.MapPost("/invitations", (InvitationRequest request, AdminActions actions) => actions.InviteAsync(request));
        v1.MapPost("/edge-tokens", (EdgeTokenRequest request, AdminActions actions) => actions.CreateEdgeTokenAsync(request));
        v1.MapPost("/cuts", (CutRequest request, AdminActions actions) => actions.CutAsync(request));
        v1.MapDelete("/edges/{id}", (string id, AdminActions actions) => actions.RemoveEdgeAsync(id));
        routes.MapGet("/health/live", () => Results.Text("live\n"));
        routes.MapGet("/health/ready", (SiloReadiness readiness) =>
            readiness.IsReady ? Results.Text("ready\n") : Results.Text("starting or stopping\n", statusCode: StatusCodes.Status503ServiceUnavailable));
    }

    private static SiloStatus GetStatus(
        SiloState state, ControlListener listener, SqliteInventory rows, InventoryReader inventory, TenantGate tenants, SiloReadiness readiness) => new(
        state.Installation.Text,
        state.Name.Text,
        listener.LocalEndPoint.ToString(),
        readiness.StartedAt,
        listener.LinkCount,
        tenants.Lookups,
        inventory.Count(InventoryCount.Tenants),
        inventory.Count(InventoryCount.Nodes),
        inventory.Count(InventoryCount.NodesAttached),
        inventory.Count(InventoryCount.Devices),
        inventory.Count(InventoryCount.DevicesAttached),
        inventory.Count(InventoryCount.TunnelsOpen),
        rows.WaitingCount,
        rows.DroppedCount);

    private static IResult Paged<T>(string? tenant, string? after, int? limit, Func<string, int, Page<T>> read) =>
        tenant is not null && !TenantId.TryParse(tenant, out _)
            ? Problems.Field("tenant", $"'{tenant}' is not {TenantId.TextCharacters} lower-case hexadecimal digits.")
            : Paged(after, limit, read);

    private static IResult Paged<T>(string? after, int? limit, Func<string, int, Page<T>> read)
    {
        var count = limit ?? AdminLimits.DefaultPageItems;
        return count is < 1 or > AdminLimits.MaxPageItems
            ? Problems.Field("limit", $"{count} is not 1..{AdminLimits.MaxPageItems}.")
            : Results.Ok(read(after ?? "", count));
    }
}
