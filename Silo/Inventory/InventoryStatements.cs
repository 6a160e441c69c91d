using OrleansUem.Grains.Inventory;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.Inventory;

/// <summary>What grains tell, as statements.</summary>
internal static class InventoryStatements
{
    private static readonly string[] Id = ["id"];

    private static readonly string Tenant = InventorySql.Upsert("inventory_tenants", Id, ["at", "version", "name", "is_cut"]);

    private static readonly string[] PeerColumns =
        ["at", "version", "session_at", "edge_id", "session_id", "generation", "last_end", "is_blocked", "certificate"];

    private static readonly string Peer = InventorySql.Upsert("inventory_peers", ["role", "id"], PeerColumns);

    private static readonly string PeerWithFacts = InventorySql.Upsert(
        "inventory_peers", ["role", "id"], [.. PeerColumns, "certificate_ends", "address", "transport", "software"]);

    private static readonly string Tunnel = InventorySql.Upsert(
        "inventory_tunnels",
        Id,
        [
            "at", "version", "tunnel_id", "phase", "node_id", "frames_up", "bytes_up", "frames_down", "bytes_down", "dropped", "end_reason", "device_path",
            "node_path",
        ]);

    // Another process than the one before: the sessions of that one are over, also when no grain was there to see it.
    private static readonly string Edge = InventorySql.Upsert(
        "inventory_edges",
        Id,
        ["at", "version", "is_linked", "linked_at", "is_removed", "address", "process_id"],
        "process_id = CASE WHEN excluded.process_id = '' THEN inventory_edges.process_id ELSE excluded.process_id END",
        "gone_at = CASE WHEN inventory_edges.process_id <> '' AND excluded.process_id <> '' AND excluded.process_id <> inventory_edges.process_id "
        + "THEN excluded.at ELSE inventory_edges.gone_at END");

    private static readonly string Invitation = InventorySql.Upsert(
        "inventory_invitations", Id, ["at", "version", "kind", "name", "expires", "wrong_attempts", "is_used", "is_revoked"]);

    /// <summary>Adds the statements of a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="clock">What the common clock is ahead of this silo's.</param>
    /// <param name="statements">Where they go.</param>
    public static void Add(InventoryRow row, TimeSpan clock, ICollection<InventoryStatement> statements)
    {
        var at = (row.At + clock).ToUnixTimeMilliseconds();
        switch (row)
        {
            case TenantRow tenant:
                statements.Add(Of(row, Tenant, ("id", tenant.TenantId), ("at", at), ("version", 0L), ("name", Text(tenant.Name)), ("is_cut", tenant.IsCut)));
                break;
            case PeerRow peer:
                statements.Add(OfPeer(peer, at));
                break;
            case TunnelRow tunnel:
                statements.Add(OfTunnel(tunnel, at));
                break;
            case EdgeRow edge:
                statements.Add(Of(
                    row, Edge, ("id", edge.EdgeId), ("at", at), ("version", 0L), ("is_linked", edge.IsLinked), ("linked_at", at), ("is_removed", edge.IsRemoved),
                    ("address", Text(edge.Address)), ("process_id", edge.ProcessId)));
                if (edge.SessionsGoneAt is { } gone)
                {
                    statements.Add(Of(
                        row, "UPDATE inventory_edges SET gone_at = @gone_at WHERE id = @id AND gone_at < @gone_at",
                        ("id", edge.EdgeId), ("gone_at", (gone + clock).ToUnixTimeMilliseconds())));
                }

                break;
            case InvitationRow invitation:
                statements.Add(Of(
                    row, Invitation, ("id", invitation.InvitationId), ("at", at), ("version", 0L), ("kind", (int)invitation.Kind),
                    ("name", Text(invitation.Name)), ("expires", invitation.ExpiresUnixMs), ("wrong_attempts", invitation.WrongAttempts),
                    ("is_used", invitation.IsUsed), ("is_revoked", invitation.IsRevoked)));
                break;
        }
    }

    /// <summary>The number of a role in the tables.</summary>
    public static int RoleOf(PeerRole role) => (int)(role == PeerRole.Node ? PeerRole.Node : PeerRole.Device);

    private static InventoryStatement OfPeer(PeerRow peer, long at)
    {
        List<(string, object?)> values =
        [
            ("role", RoleOf(peer.Role)), ("id", peer.TenantId + "/" + peer.Name), ("at", at), ("version", (long)peer.Version), ("session_at", at),
            ("edge_id", peer.Session?.EdgeId), ("session_id", (long?)peer.Session?.SessionId), ("generation", (long?)peer.Session?.Generation),
            ("last_end", (int)peer.LastEnd), ("is_blocked", peer.IsBlocked), ("certificate", peer.CertificateSha256),
        ];
        if (peer.Facts is not { } facts)
        {
            return new InventoryStatement(peer.Key, Peer, values);
        }

        values.AddRange(
        [
            ("certificate_ends", facts.CertificateNotAfterUnixMs), ("address", Text(facts.Address)), ("transport", Text(facts.Transport)),
            ("software", Text(facts.Software)),
        ]);
        return new InventoryStatement(peer.Key, PeerWithFacts, values);
    }

    private static InventoryStatement OfTunnel(TunnelRow tunnel, long at) => Of(
        tunnel, Tunnel, ("id", tunnel.TenantId + "/" + tunnel.DeviceId), ("at", at), ("version", (long)tunnel.Version),
        ("tunnel_id", (long)tunnel.TunnelId), ("phase", (int)tunnel.Phase), ("node_id", tunnel.NodeId), ("frames_up", Number(tunnel.FramesFromDevice)),
        ("bytes_up", Number(tunnel.BytesFromDevice)), ("frames_down", Number(tunnel.FramesToDevice)), ("bytes_down", Number(tunnel.BytesToDevice)),
        ("dropped", Number(tunnel.Dropped)), ("end_reason", (int)tunnel.EndReason), ("device_path", tunnel.DevicePath), ("node_path", tunnel.NodePath));

    private static InventoryStatement Of(InventoryRow row, string text, params (string, object?)[] values) => new(row.Key, text, values);

    // Counters of edges are unsigned; the databases' integers are not.
    private static long Number(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;

    // What a peer states of itself may hold a NUL, which PostgreSQL's text can't.
    private static string Text(string stated) => stated.Replace('\0', '\uFFFD');
}
