namespace OrleansUem.Silo.Inventory;

/// <summary>The tables in SQLite; those in PostgreSQL are a file of Database/Schema, with the same names. A file of another version is dropped and filled again from the grains.</summary>
internal static class InventorySchema
{
    public const int Version = 2;

    /// <summary>WAL with synchronous=NORMAL: a power cut may lose the last rows, which the grains tell again.</summary>
    public const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=2000;";

    /// <summary>The tables of this version and of the one before.</summary>
    public const string Drop = """
        DROP TABLE IF EXISTS inventory_tenants; DROP TABLE IF EXISTS inventory_peers; DROP TABLE IF EXISTS inventory_tunnels;
        DROP TABLE IF EXISTS inventory_edges; DROP TABLE IF EXISTS inventory_invitations;
        DROP TABLE IF EXISTS tenants; DROP TABLE IF EXISTS peers; DROP TABLE IF EXISTS tunnels; DROP TABLE IF EXISTS edges; DROP TABLE IF EXISTS invitations;
        """;

    public const string Create = """
        CREATE TABLE IF NOT EXISTS inventory_tenants (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, is_cut INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS inventory_peers (
            role INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, version INTEGER NOT NULL, session_at INTEGER NOT NULL DEFAULT 0,
            edge_id TEXT, session_id INTEGER, generation INTEGER,
            last_end INTEGER NOT NULL DEFAULT 0, is_blocked INTEGER NOT NULL, certificate TEXT NOT NULL, certificate_ends INTEGER NOT NULL DEFAULT 0,
            address TEXT NOT NULL DEFAULT '', transport TEXT NOT NULL DEFAULT '', software TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (role, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS inventory_tunnels (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, tunnel_id INTEGER NOT NULL, phase INTEGER NOT NULL, node_id TEXT NOT NULL,
            frames_up INTEGER NOT NULL DEFAULT 0, bytes_up INTEGER NOT NULL DEFAULT 0, frames_down INTEGER NOT NULL DEFAULT 0,
            bytes_down INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0, end_reason INTEGER NOT NULL DEFAULT 0,
            device_path TEXT NOT NULL DEFAULT '', node_path TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS inventory_tunnels_of_a_node ON inventory_tunnels (node_id, id);
        CREATE TABLE IF NOT EXISTS inventory_edges (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, is_linked INTEGER NOT NULL, linked_at INTEGER NOT NULL DEFAULT 0,
            is_removed INTEGER NOT NULL, address TEXT NOT NULL, process_id TEXT NOT NULL DEFAULT '', gone_at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS inventory_invitations (
            id TEXT PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL,
            wrong_attempts INTEGER NOT NULL, is_used INTEGER NOT NULL, is_revoked INTEGER NOT NULL) WITHOUT ROWID;
        """;
}
