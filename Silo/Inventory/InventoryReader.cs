using System.Globalization;
using Microsoft.Data.Sqlite;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Admin;

namespace OrleansUem.Silo.Inventory;

/// <summary>Reads pages of the read model, each in the order of ids, by key and not by offset, so that a page costs the same wherever it is.</summary>
internal sealed class InventoryReader(SqliteInventory inventory)
{
    public Page<TenantItem> Tenants(string after, int limit) => Read(
        "SELECT id, name, is_cut, at FROM tenants WHERE id > $after ORDER BY id LIMIT $limit",
        after,
        limit,
        row => new TenantItem(row.GetString(0), row.GetString(1), row.GetBoolean(2), Time(row.GetInt64(3))),
        item => item.Id);

    public Page<PeerItem> Peers(PeerRole role, string? tenant, string after, int limit) => Read(
        "SELECT id, edge_id, session_id, generation, last_end, is_blocked, certificate, certificate_ends, address, transport, software, at FROM peers "
        + "WHERE role = $role AND id > $after AND id < $end ORDER BY id LIMIT $limit",
        Start(tenant, after),
        limit,
        ReadPeer,
        item => item.Tenant + "/" + item.Name,
        ("$role", (int)role),
        ("$end", End(tenant)));

    public Page<TunnelItem> Tunnels(string? tenant, string after, int limit) => Read(
        "SELECT id, tunnel_id, phase, node_id, frames_up, bytes_up, frames_down, bytes_down, dropped, end_reason, at FROM tunnels "
        + "WHERE id > $after AND id < $end ORDER BY id LIMIT $limit",
        Start(tenant, after),
        limit,
        ReadTunnel,
        item => item.Tenant + "/" + item.Device,
        ("$end", End(tenant)));

    public Page<EdgeItem> Edges(string after, int limit) => Read(
        "SELECT id, is_linked, is_removed, address, at FROM edges WHERE id > $after ORDER BY id LIMIT $limit",
        after,
        limit,
        row => new EdgeItem(row.GetString(0), row.GetBoolean(1), row.GetBoolean(2), row.GetString(3), Time(row.GetInt64(4))),
        item => item.Id);

    /// <summary>Whose newest certificate this is.</summary>
    public (PeerRole Role, string Name)? FindCertificate(string tenant, string sha256)
    {
        var found = Query(
            "SELECT role, id FROM peers WHERE id > $after AND id < $end AND certificate = $certificate LIMIT 1",
            row => ((PeerRole)row.GetInt32(0), Split(row.GetString(1)).Name),
            ("$after", tenant + "/"),
            ("$end", End(tenant)),
            ("$certificate", sha256));
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>One number.</summary>
    public long Count(InventoryCount count) => Query(
        count switch
        {
            InventoryCount.Tenants => "SELECT COUNT(*) FROM tenants",
            InventoryCount.Nodes => "SELECT COUNT(*) FROM peers WHERE role = 2",
            InventoryCount.NodesAttached => "SELECT COUNT(*) FROM peers WHERE role = 2 AND edge_id IS NOT NULL",
            InventoryCount.Devices => "SELECT COUNT(*) FROM peers WHERE role = 1",
            InventoryCount.DevicesAttached => "SELECT COUNT(*) FROM peers WHERE role = 1 AND edge_id IS NOT NULL",
            _ => "SELECT COUNT(*) FROM tunnels WHERE phase IN (2, 3)",
        },
        row => row.GetInt64(0))[0];

    private static PeerItem ReadPeer(SqliteDataReader row)
    {
        var (tenant, name) = Split(row.GetString(0));
        var isAttached = !row.IsDBNull(1);
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
            row.GetString(9),
            row.GetString(10),
            Time(row.GetInt64(11)));
    }

    private static TunnelItem ReadTunnel(SqliteDataReader row)
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
            Time(row.GetInt64(10)));
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

    private Page<T> Read<T>(
        string text, string after, int limit, Func<SqliteDataReader, T> read, Func<T, string> idOf, params ReadOnlySpan<(string, object)> more)
    {
        var items = Query(text, read, [("$after", after), ("$limit", limit + 1), .. more]);
        var hasMore = items.Count > limit;
        if (hasMore)
        {
            items.RemoveAt(limit);
        }

        return new Page<T>(items, hasMore ? idOf(items[^1]) : null);
    }

    private List<T> Query<T>(string text, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var connection = new SqliteConnection(inventory.ReadConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are constants; values are parameters.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new SqliteParameter(name, value is string or int ? value : Convert.ToString(value, CultureInfo.InvariantCulture)));
        }

        using var reader = command.ExecuteReader();
        var items = new List<T>();
        while (reader.Read())
        {
            items.Add(read(reader));
        }

        return items;
    }
}
