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
        v1.MapGet("/status", GetStatusAsync);
        v1.MapGet("/tenants", (string? after, int? limit, InventoryReader inventory, CancellationToken cancelled) =>
            PagedAsync(after, limit, (start, count) => inventory.TenantsAsync(start, count, cancelled)));
        v1.MapGet("/nodes", (string? tenant, string? after, int? limit, InventoryReader inventory, CancellationToken cancelled) =>
            PagedAsync(tenant, after, limit, (start, count) => inventory.PeersAsync(PeerRole.Node, tenant, start, count, cancelled)));
        v1.MapGet("/devices", (string? tenant, string? after, int? limit, InventoryReader inventory, CancellationToken cancelled) =>
            PagedAsync(tenant, after, limit, (start, count) => inventory.PeersAsync(PeerRole.Device, tenant, start, count, cancelled)));
        v1.MapGet("/tunnels", (string? tenant, string? after, int? limit, InventoryReader inventory, CancellationToken cancelled) =>
            PagedAsync(tenant, after, limit, (start, count) => inventory.TunnelsAsync(tenant, start, count, cancelled)));
        v1.MapGet("/edges", (string? after, int? limit, InventoryReader inventory, CancellationToken cancelled) =>
            PagedAsync(after, limit, (start, count) => inventory.EdgesAsync(start, count, cancelled)));
        v1.MapPost("/invitations", (InvitationRequest request, AdminActions actions) => actions.InviteAsync(request));
        v1.MapPost("/edge-tokens", (EdgeTokenRequest request, AdminActions actions) => actions.CreateEdgeTokenAsync(request));
        v1.MapPost("/cuts", (CutRequest request, AdminActions actions) => actions.CutAsync(request));
        v1.MapPost("/inventory/rebuild", async (InventoryRebuild rebuild, CancellationToken cancelled) => Results.Ok(await rebuild.RunAsync(cancelled)));
        v1.MapDelete("/edges/{id}", (string id, AdminActions actions) => actions.RemoveEdgeAsync(id));
    }

    private static async Task<SiloStatus> GetStatusAsync(
        SiloState state, ControlListener listener, InventoryQueue rows, InventoryReader inventory, TenantGate tenants, SiloHealth health, CancellationToken cancelled)
    {
        var counts = await inventory.CountAsync(cancelled);
        return new SiloStatus(
            state.Installation.Text,
            state.Name.Text,
            listener.LocalEndPoint.ToString(),
            health.StartedAt,
            listener.LinkCount,
            tenants.Lookups,
            counts.Tenants,
            counts.Nodes,
            counts.NodesAttached,
            counts.Devices,
            counts.DevicesAttached,
            counts.TunnelsOpen,
            rows.WaitingCount,
            rows.DroppedCount);
    }

    private static Task<IResult> PagedAsync<T>(string? tenant, string? after, int? limit, Func<string, int, Task<Page<T>>> read) =>
        tenant is not null && !TenantId.TryParse(tenant, out _)
            ? Task.FromResult(Problems.Field("tenant", $"'{tenant}' is not {TenantId.TextCharacters} lower-case hexadecimal digits."))
            : PagedAsync(after, limit, read);

    private static async Task<IResult> PagedAsync<T>(string? after, int? limit, Func<string, int, Task<Page<T>>> read)
    {
        var count = limit ?? AdminLimits.DefaultPageItems;
        return count is < 1 or > AdminLimits.MaxPageItems
            ? Problems.Field("limit", $"{count} is not 1..{AdminLimits.MaxPageItems}.")
            : Results.Ok(await read(after ?? "", count));
    }
}
