using Microsoft.Data.Sqlite;
using OrleansUem.Grains.Inventory;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.Inventory;

/// <summary>Writes rows. A row with an earlier time than the one that is there is ignored.</summary>
internal sealed class InventoryWrites : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _tenant;
    private readonly SqliteCommand _peer;
    private readonly SqliteCommand _facts;
    private readonly SqliteCommand _tunnel;
    private readonly SqliteCommand _edge;
    private readonly SqliteCommand _sessionsGone;
    private readonly SqliteCommand _invitation;

    public InventoryWrites(SqliteConnection connection)
    {
        _connection = connection;
        _tenant = Upsert("tenants", "id", "at", "name", "is_cut");
        _peer = Upsert(
            "peers", "role, id", "at", "edge_id", "session_id", "generation", "last_end", "is_blocked", "certificate");
        _facts = Command(
            "UPDATE peers SET certificate_ends=$ends, address=$address, transport=$transport, software=$software WHERE role=$role AND id=$id AND at<=$at",
            "ends", "address", "transport", "software", "role", "id", "at");
        _tunnel = Upsert(
            "tunnels", "id", "at", "tunnel_id", "phase", "node_id", "frames_up", "bytes_up", "frames_down", "bytes_down", "dropped", "end_reason");
        _edge = Upsert("edges", "id", "at", "is_linked", "is_removed", "address");
        _sessionsGone = Command(
            "UPDATE peers SET edge_id=NULL, session_id=NULL, generation=NULL WHERE edge_id=$id AND at<$at", "id", "at");
        _invitation = Upsert("invitations", "id", "at", "kind", "name", "expires", "wrong_attempts", "is_used", "is_revoked");
    }

    /// <summary>Writes rows in one transaction.</summary>
    public void Write(IEnumerable<InventoryRow> rows)
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var row in rows)
        {
            Write(row, transaction);
        }

        transaction.Commit();
    }

    public void Dispose()
    {
        foreach (var command in new[] { _tenant, _peer, _facts, _tunnel, _edge, _sessionsGone, _invitation })
        {
            command.Dispose();
        }
    }

    private void Write(InventoryRow row, SqliteTransaction transaction)
    {
        var at = row.At.ToUnixTimeMilliseconds();
        switch (row)
        {
            case TenantRow tenant:
                Run(_tenant, transaction, tenant.TenantId, at, tenant.Name, tenant.IsCut);
                break;
            case PeerRow peer:
                WritePeer(peer, at, transaction);
                break;
            case TunnelRow tunnel:
                Run(
                    _tunnel, transaction, tunnel.TenantId + "/" + tunnel.DeviceId, at, (long)tunnel.TunnelId, (int)tunnel.Phase, tunnel.NodeId,
                    Number(tunnel.FramesFromDevice), Number(tunnel.BytesFromDevice), Number(tunnel.FramesToDevice), Number(tunnel.BytesToDevice),
                    Number(tunnel.Dropped), (int)tunnel.EndReason);
                break;
            case EdgeRow edge:
                Run(_edge, transaction, edge.EdgeId, at, edge.IsLinked, edge.IsRemoved, edge.Address);
                if (edge.SessionsGone)
                {
                    Run(_sessionsGone, transaction, edge.EdgeId, at);
                }

                break;
            case InvitationRow invitation:
                Run(
                    _invitation, transaction, invitation.InvitationId, at, (int)invitation.Kind, invitation.Name, invitation.ExpiresUnixMs,
                    invitation.WrongAttempts, invitation.IsUsed, invitation.IsRevoked);
                break;
        }
    }

    private void WritePeer(PeerRow peer, long at, SqliteTransaction transaction)
    {
        var role = (int)(peer.Role == PeerRole.Node ? PeerRole.Node : PeerRole.Device);
        var id = peer.TenantId + "/" + peer.Name;
        Run(
            _peer, transaction, role, id, at, peer.Session?.EdgeId, (long?)peer.Session?.SessionId, (long?)peer.Session?.Generation,
            (int)peer.LastEnd, peer.IsBlocked, peer.CertificateSha256);
        if (peer.Facts is { } facts)
        {
            Run(_facts, transaction, facts.CertificateNotAfterUnixMs, facts.Address, facts.Transport, facts.Software, role, id, at);
        }
    }

    // Counters of edges are unsigned; SQLite's integers are not.
    private static long Number(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;

    private static void Run(SqliteCommand command, SqliteTransaction transaction, params ReadOnlySpan<object?> values)
    {
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        command.ExecuteNonQuery();
    }

    private SqliteCommand Upsert(string table, string key, params string[] columns)
    {
        string[] keys = key.Split(", ");
        string[] all = [.. keys, .. columns];
        var sets = string.Join(", ", columns.Select(column => $"{column}=excluded.{column}"));
        return Command(
            $"INSERT INTO {table} ({string.Join(", ", all)}) VALUES ({string.Join(", ", all.Select(column => "$" + column))}) "
            + $"ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE excluded.at >= {table}.at",
            all);
    }

    private SqliteCommand Command(string text, params string[] parameters)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The text is made of the constants above.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter("$" + parameter, DBNull.Value));
        }

        return command;
    }
}
