using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Invitations;
using OrleansUem.Grains.Sessions;
using OrleansUem.Grains.Tenants;
using OrleansUem.Grains.Tunnels;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.Inventory;

/// <summary>Stored states of grains as statements. What a state does not hold (addresses, volumes) stays as it was told.</summary>
internal static class InventoryRestores
{
    private static readonly string[] Id = ["id"];

    private static readonly string TenantText = InventorySql.Restore("inventory_tenants", Id, ["at", "version", "name", "is_cut"]);

    private static readonly string PeerText = InventorySql.Restore("inventory_peers", ["role", "id"], ["at", "version", "is_blocked", "certificate"]);

    private static readonly string PeerWithSessionText = InventorySql.Restore(
        "inventory_peers", ["role", "id"], ["at", "version", "session_at", "edge_id", "session_id", "generation", "is_blocked", "certificate"]);

    // Storage says of a tunnel that it has not ended; that it is open, only its edges do.
    private static readonly string Phase =
        $"phase = CASE WHEN inventory_tunnels.tunnel_id = excluded.tunnel_id AND inventory_tunnels.phase <> {(int)TunnelPhase.Closed} "
        + $"AND excluded.phase = {(int)TunnelPhase.Recalled} THEN inventory_tunnels.phase ELSE excluded.phase END";

    private static readonly string TunnelText = InventorySql.Restore(
        "inventory_tunnels",
        Id,
        ["at", "version", "tunnel_id", "phase", "node_id", "end_reason"],
        [.. new[] { "frames_up", "bytes_up", "frames_down", "bytes_down", "dropped" }.Select(static column => OfTheSameTunnel(column, "0")),
            OfTheSameTunnel("device_path", "''"), OfTheSameTunnel("node_path", "''"), Phase]);

    private static readonly string EdgeText = InventorySql.Restore(
        "inventory_edges",
        Id,
        ["at", "version", "is_linked", "is_removed", "address"],
        "is_linked = inventory_edges.is_linked AND NOT excluded.is_removed",
        "address = inventory_edges.address");

    private static readonly string InvitationText = InventorySql.Restore(
        "inventory_invitations", Id, ["at", "version", "kind", "name", "expires", "wrong_attempts", "is_used", "is_revoked"]);

    /// <summary>A tenant.</summary>
    public static InventoryStatement Tenant(string key, TenantState state, long at) => new(
        "tenant/" + key, TenantText, [("id", key), ("at", at), ("version", 0L), ("name", state.Name), ("is_cut", state.IsCut)]);

    /// <summary>A device or node.</summary>
    /// <param name="role">Which.</param>
    /// <param name="key">The grain's key.</param>
    /// <param name="state">What is stored.</param>
    /// <param name="at">When it was read.</param>
    /// <param name="isKnown">Whether it is known if it is attached.</param>
    /// <param name="session">Its session; null when it is not attached or that is not known.</param>
    public static InventoryStatement Peer(PeerRole role, string key, AttachState state, long at, bool isKnown, SessionKey? session)
    {
        List<(string, object?)> values =
        [
            ("role", InventoryStatements.RoleOf(role)), ("id", key), ("at", at), ("version", (long)(state.Last?.Generation ?? 0)),
            ("is_blocked", state.IsBlocked), ("certificate", state.CertificateSha256),
        ];
        if (isKnown)
        {
            values.AddRange(
            [
                ("session_at", at), ("edge_id", session?.EdgeId), ("session_id", (long?)session?.SessionId), ("generation", (long?)session?.Generation),
            ]);
        }

        return new InventoryStatement((role == PeerRole.Node ? "node/" : "device/") + key, isKnown ? PeerWithSessionText : PeerText, values);
    }

    /// <summary>A tunnel; null when the device never had one.</summary>
    public static InventoryStatement? Tunnel(string key, TunnelState state, long at)
    {
        if (state.LastTunnelId == 0)
        {
            return null;
        }

        var isOver = state.EndedTunnelId >= state.LastTunnelId;
        return new InventoryStatement(
            "tunnel/" + key,
            TunnelText,
            [
                ("id", key), ("at", at), ("version", (long)state.LastTunnelId), ("tunnel_id", (long)state.LastTunnelId),
                ("phase", (int)(isOver ? TunnelPhase.Closed : TunnelPhase.Recalled)), ("node_id", state.NodeId), ("end_reason", isOver ? state.EndReasonCode : 0),
            ]);
    }

    /// <summary>An edge.</summary>
    public static InventoryStatement Edge(string key, EdgeState state, long at) => new(
        "edge/" + key, EdgeText, [("id", key), ("at", at), ("version", 0L), ("is_linked", false), ("is_removed", state.IsRemoved), ("address", "")]);

    /// <summary>An invitation.</summary>
    public static InventoryStatement Invitation(string key, InvitationState state, long at) => new(
        "invitation/" + key,
        InvitationText,
        [
            ("id", key), ("at", at), ("version", 0L), ("kind", (int)state.Kind), ("name", state.Name), ("expires", state.ExpiresUnixMs),
            ("wrong_attempts", state.WrongAttempts), ("is_used", !state.UsedMac.IsEmpty), ("is_revoked", state.IsRevoked),
        ]);

    private static string OfTheSameTunnel(string column, string otherwise) =>
        $"{column} = CASE WHEN inventory_tunnels.tunnel_id = excluded.tunnel_id THEN inventory_tunnels.{column} ELSE {otherwise} END";
}
