using System.Data.Common;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Admin;

namespace OrleansUem.Silo.Inventory;

/// <summary>Reads pages of the read model, each in the order of ids, by key and not by offset, so that a page costs the same wherever it is.</summary>
internal sealed class InventoryReader(InventoryStore store, InventoryQueue queue, GrainOptions options)
{
    // A session of an edge's process that has ended since is over, though nobody told its peer's grain.
    private const string IsAttached = "p.edge_id IS NOT NULL AND p.session_at >= COALESCE(e.gone_at, 0)";

    private const string PeersAndEdges = "inventory_peers p LEFT JOIN inventory_edges e ON e.id = p.edge_id";

    // Ids are TENANT/NAME with TENANT of a fixed length; '0' is the character after '/'.
    private const string TenantOfPeer = "substr(p.id, 1, 64)";

    private const string DeviceOverUdp =
        "EXISTS (SELECT 1 FROM inventory_tunnels t WHERE t.id = p.id AND t.phase IN (2, 3) AND t.device_path = 'udp')";

    private const string NodeOverUdp =
        "EXISTS (SELECT 1 FROM inventory_tunnels t WHERE t.node_id = substr(p.id, 66) AND t.id > " + TenantOfPeer + " || '/' AND t.id < " + TenantOfPeer
        + " || '0' AND t.phase IN (2, 3) AND t.node_path = 'udp')";

    /// <summary>Tenants.</summary>
    public Task<Page<TenantItem>> TenantsAsync(string after, int limit, CancellationToken cancellationToken) => ReadAsync(
        "SELECT id, name, is_cut, at FROM inventory_tenants WHERE id > @after ORDER BY id LIMIT @limit",
        after,
        limit,
        row => new TenantItem(row.GetString(0), row.GetString(1), row.GetBoolean(2), Time(row.GetInt64(3))),
        item => item.Id,
        cancellationToken);

    /// <summary>Devices or nodes.</summary>
    public Task<Page<PeerItem>> PeersAsync(PeerRole role, string? tenant, string after, int limit, CancellationToken cancellationToken) => ReadAsync(
        $"SELECT p.id, p.edge_id, p.session_id, p.generation, p.last_end, p.is_blocked, p.certificate, p.certificate_ends, p.address, p.transport, p.software, "
        + $"p.at, {IsAttached}, {(role == PeerRole.Node ? NodeOverUdp : DeviceOverUdp)} FROM {PeersAndEdges} "
        + "WHERE p.role = @role AND p.id > @after AND p.id < @end ORDER BY p.id LIMIT @limit",
        Start(tenant, after),
        limit,
        ReadPeer,
        item => item.Tenant + "/" + item.Name,
        cancellationToken,
        ("role", InventoryStatements.RoleOf(role)),
        ("end", End(tenant)));

    /// <summary>Tunnels.</summary>
    public Task<Page<TunnelItem>> TunnelsAsync(string? tenant, string after, int limit, CancellationToken cancellationToken) => ReadAsync(
        "SELECT id, tunnel_id, phase, node_id, frames_up, bytes_up, frames_down, bytes_down, dropped, end_reason, at, device_path, node_path "
        + "FROM inventory_tunnels WHERE id > @after AND id < @end ORDER BY id LIMIT @limit",
        Start(tenant, after),
        limit,
        ReadTunnel,
        item => item.Tenant + "/" + item.Device,
        cancellationToken,
        ("end", End(tenant)));

    /// <summary>Edges. A link is refreshed while it is up, so one that nobody has spoken of for twice that time is gone with its silo.</summary>
    public Task<Page<EdgeItem>> EdgesAsync(string after, int limit, CancellationToken cancellationToken) => ReadAsync(
        "SELECT id, is_linked AND linked_at >= @fresh, is_removed, address, at FROM inventory_edges WHERE id > @after ORDER BY id LIMIT @limit",
        after,
        limit,
        row => new EdgeItem(row.GetString(0), row.GetBoolean(1), row.GetBoolean(2), row.GetString(3), Time(row.GetInt64(4))),
        item => item.Id,
        cancellationToken,
        ("fresh", (queue.Now - (2 * options.LinkExpiry)).ToUnixTimeMilliseconds()));

    /// <summary>Whose newest certificate this is.</summary>
    public async Task<(PeerRole Role, string Name)?> FindCertificateAsync(string tenant, string sha256, CancellationToken cancellationToken)
    {
        var found = await QueryAsync(
            "SELECT role, id FROM inventory_peers WHERE id > @after AND id < @end AND certificate = @certificate LIMIT 1",
            row => ((PeerRole)row.GetInt32(0), Split(row.GetString(1)).Name),
            cancellationToken,
            ("after", tenant + "/"),
            ("end", End(tenant)),
            ("certificate", sha256));
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>How many there are.</summary>
    public async Task<InventoryCounts> CountAsync(CancellationToken cancellationToken) => (await QueryAsync(
        "SELECT (SELECT COUNT(*) FROM inventory_tenants), "
        + $"COUNT(CASE WHEN p.role = 2 THEN 1 END), COUNT(CASE WHEN p.role = 2 AND {IsAttached} THEN 1 END), "
        + $"COUNT(CASE WHEN p.role = 1 THEN 1 END), COUNT(CASE WHEN p.role = 1 AND {IsAttached} THEN 1 END), "
        + $"(SELECT COUNT(*) FROM inventory_tunnels WHERE phase IN (2, 3)) FROM {PeersAndEdges}",
        row => new InventoryCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)),
        cancellationToken))[0];

    private static PeerItem ReadPeer(DbDataReader row)
    {
        var (tenant, name) = Split(row.GetString(0));
        var isAttached = row.GetBoolean(12);
        return new PeerItem(
            tenant,
            name,
            isAttached ? row.GetString(1) : null,
            isAttached ? (ulong)row.GetInt64(2) : null,
            isAttached ? (ulong)row.GetInt64(3) : null,
            isAttached ? "" : Describe(row.GetInt32(4)),
            row.GetBoolean(5),
            row.GetString(6),
            row.GetInt64(7) == 0 ? null : Time(row.GetInt64(7)),
            row.GetString(8),
            isAttached && row.GetBoolean(13) ? "udp" : row.GetString(9),
            row.GetString(10),
            Time(row.GetInt64(11)));
    }

    private static TunnelItem ReadTunnel(DbDataReader row)
    {
        var (tenant, device) = Split(row.GetString(0));
        return new TunnelItem(
            tenant,
            device,
            (ulong)row.GetInt64(1),
            ((TunnelPhase)row.GetInt32(2)).ToString(),
            row.GetString(3),
            row.GetInt64(4),
            row.GetInt64(5),
            row.GetInt64(6),
            row.GetInt64(7),
            row.GetInt64(8),
            Describe(row.GetInt32(9)),
            Time(row.GetInt64(10)),
            row.GetString(11),
            row.GetString(12));
    }

    private static string Describe(int reason) => reason == 0 ? "" : ((Reason)reason).Describe();

    private static DateTimeOffset Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    // Ids of peers are TENANT/NAME. '0' is the character after '/', so TENANT0 ends the tenant's part of the index.
    private static string Start(string? tenant, string after) => after.Length > 0 ? after : tenant is null ? "" : tenant + "/";

    private static string End(string? tenant) => tenant is null ? "\uffff" : tenant + "0";

    private static (string Tenant, string Name) Split(string id)
    {
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        return (id[..slash], id[(slash + 1)..]);
    }

    private async Task<Page<T>> ReadAsync<T>(
        string text, string after, int limit, Func<DbDataReader, T> read, Func<T, string> idOf, CancellationToken cancellationToken, params (string, object)[] more)
    {
        var items = await QueryAsync(text, read, cancellationToken, [("after", after), ("limit", limit + 1), .. more]);
        var hasMore = items.Count > limit;
        if (hasMore)
        {
            items.RemoveAt(limit);
        }

        return new Page<T>(items, hasMore ? idOf(items[^1]) : null);
    }

    private async Task<List<T>> QueryAsync<T>(
        string text, Func<DbDataReader, T> read, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        await using var connection = await store.Readers.OpenConnectionAsync(cancellationToken);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are made of constants; values are parameters.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@" + name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var items = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            items.Add(read(reader));
        }

        return items;
    }
}
